import { readFileSync } from 'node:fs';
import { memorySource } from '@espalier/tensor';
import { fixturePath, goldenFor, tableBytes } from '@espalier/testkit';
import { describe, expect, test } from 'vitest';
import { openCheckpoint } from '../../open.js';
import { spanOfBytes } from '../../protobuf/index.js';
import { readValues } from '../../values/readValues.js';
import { readObjectGraph } from './objectGraph.js';

/** Field `number` of a message: a number, a text, or a message. */
function field(number: number, value: number | string | readonly number[]): number[] {
  if (typeof value === 'number') return [number * 8, ...varint(value)];
  const bytes = typeof value === 'string' ? [...new TextEncoder().encode(value)] : value;
  return [number * 8 + 2, ...varint(bytes.length), ...bytes];
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))];
}

const shape = (...sizes: number[]): number[] => sizes.flatMap((size) => field(2, field(1, size)));
const entry = (type: number, sizes: readonly number[], shard: number, offset: number, size: number): number[] => [
  ...field(1, type),
  ...field(2, shape(...sizes)),
  ...field(3, shard),
  ...field(4, offset),
  ...field(5, size),
];

function index(header: readonly number[], entries: Record<string, readonly number[]>): Uint8Array {
  const utf8 = new TextEncoder();
  const lines = [['', header] as const, ...Object.entries(entries).sort(([a], [b]) => (a < b ? -1 : 1))];
  return tableBytes(lines.map(([key, value]) => [utf8.encode(key), Uint8Array.from(value)]));
}

async function described(
  files: Record<string, Uint8Array>,
  name = 'x.index',
): Promise<{ lines: string[]; codes: string[] }> {
  const opened = await openCheckpoint(memorySource(name, files[name]!, new Map(Object.entries(files))));
  if (!opened.ok) return { lines: [], codes: [opened.fault.code] };
  const lines: string[] = [];
  for (const tensor of opened.value.tensors) {
    const values = tensor.data.kind === 'none' ? tensor.data.why : [...(await readValues(tensor))].join(' ');
    lines.push(
      `${tensor.name}: ${values}${tensor.sharesStorageWith === undefined ? '' : ` (${tensor.sharesStorageWith})`}`,
    );
  }
  return { lines, codes: opened.value.findings.map(({ code }) => code) };
}

const floats = (...values: number[]): Uint8Array => new Uint8Array(new Float32Array(values).buffer);

describe('bundles', () => {
  test('a missing shard leaves the tensors of the others', async () => {
    const header = field(1, 2);
    const files = {
      'x.index': index(header, { a: entry(1, [2], 0, 0, 8), b: entry(1, [1], 1, 0, 4), c: entry(1, [1], 0, 4, 4) }),
      'x.data-00000-of-00002': floats(1, 2),
    };
    expect(await described(files)).toEqual({
      lines: ['a: 1 2', 'b: unreadable', 'c: 2'],
      codes: ['checkpoint/shard-missing', 'path/not-found'],
    });
  });

  test('sizes and places that lie are told', async () => {
    const files = {
      'x.index': index([], {
        cut: entry(1, [4], 0, 4, 16),
        good: entry(1, [1], 0, 0, 4),
        short: entry(1, [2], 0, 0, 4),
      }),
      'x.data-00000-of-00001': floats(1, 2),
    };
    expect(await described(files)).toEqual({
      lines: ['cut: unreadable', 'good: 1', 'short: unreadable'],
      codes: ['checkpoint/truncated', 'checkpoint/size-mismatch'],
    });
  });

  test('two keys of the same bytes share them', async () => {
    const files = {
      'x.index': index([], { a: entry(1, [2], 0, 0, 8), b: entry(1, [2], 0, 0, 8) }),
      'x.data-00000-of-00001': floats(1, 2),
    };
    expect(await described(files)).toEqual({ lines: ['a: 1 2', 'b: 1 2 (a)'], codes: [] });
  });

  test('a bundle of a big-endian machine', async () => {
    const files = {
      'x.index': index(field(2, 1), { a: entry(1, [2], 0, 0, 8), i: entry(5, [1], 0, 8, 2) }),
      'x.data-00000-of-00001': Uint8Array.of(0x3f, 0x80, 0, 0, 0xc0, 0, 0, 0, 0x12, 0x34),
    };
    expect(await described(files)).toEqual({ lines: ['a: 1 -2', `i: ${0x1234}`], codes: [] });
  });

  test.each([
    ['huge offsets', entry(1, [1], 0, 2 ** 60, 4)],
    ['a negative size', [...field(1, 1), ...field(2, field(2, [8, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1]))]],
    ['an impossible shape', entry(1, [2 ** 40, 2 ** 40], 0, 0, 4)],
  ])('%s are a fault', async (_, value) => {
    const { codes } = await described({ 'x.index': index([], { a: value }), 'x.data-00000-of-00001': floats(1) });
    expect(codes).toEqual(['checkpoint/header-malformed']);
  });

  test('an index without a header, and what is no table at all', async () => {
    expect((await described({ 'x.index': tableBytes([]) })).codes).toEqual(['checkpoint/header-malformed']);
    expect((await described({ 'x.index': new Uint8Array(100) })).codes).toEqual(['leveldb/malformed']);
    expect((await described({ 'x.index': new Uint8Array(10) })).codes).toEqual(['leveldb/malformed']);
    expect((await described({ 'x.index': new TextEncoder().encode('an index of something else') })).codes).toEqual([
      'checkpoint/unknown-format',
    ]);
  });

  test('the shard and the file `checkpoint` lead to the index', async () => {
    const golden = goldenFor('tensorflow/checkpoint');
    const files = Object.fromEntries(
      golden.files!.map(({ path }) => [path.split('/').at(-1)!, new Uint8Array(readFileSync(fixturePath(path)))]),
    );
    const expected = (await described(files, 'ckpt-1.index')).lines;
    expect(expected.length).toBeGreaterThan(4);
    expect((await described(files, 'ckpt-1.data-00000-of-00001')).lines).toEqual(expected);
    for (const path of ['ckpt-1', '/home/somebody/models/ckpt-1', 'C:\\models\\ckpt-1']) {
      const checkpoint = new TextEncoder().encode(
        `model_checkpoint_path: "${path}"\nall_model_checkpoint_paths: "${path}"\n`,
      );
      expect((await described({ ...files, checkpoint }, 'checkpoint')).lines).toEqual(expected);
    }
    const outside = new TextEncoder().encode('model_checkpoint_path: "../ckpt-1"\n');
    expect((await described({ ...files, checkpoint: outside }, 'checkpoint')).codes).toEqual([
      'checkpoint/index-missing',
    ]);
  });
});

test('the object graph tells variables of the optimizer from those of the model', async () => {
  const object = (
    children: readonly (readonly [number, string])[],
    variable?: readonly [string, string],
    slots: readonly number[] = [],
  ): number[] =>
    field(1, [
      ...children.flatMap(([node, name]) => field(1, [...field(1, node), ...field(2, name)])),
      ...(variable === undefined
        ? []
        : field(2, [...field(1, 'VARIABLE_VALUE'), ...field(2, variable[0]), ...field(3, variable[1])])),
      ...slots.flatMap((slot) => field(3, [...field(1, 3), ...field(2, 'm'), ...field(3, slot)])),
    ]);
  const bytes = Uint8Array.from([
    ...object([
      [1, 'model'],
      [2, 'optimizer'],
    ]),
    ...object([[3, 'kernel']]),
    // The optimizer refers to the variable of the model as well; that does not make it the optimizer's.
    ...object(
      [
        [4, 'step'],
        [3, 'tracked'],
      ],
      undefined,
      [5],
    ),
    ...object([], ['dense/kernel', 'model/kernel/.ATTRIBUTES/VARIABLE_VALUE']),
    ...object([], ['iteration', 'optimizer/step/.ATTRIBUTES/VARIABLE_VALUE']),
    ...object([], ['adam/m', 'model/kernel/.OPTIMIZER_SLOT/optimizer/m/.ATTRIBUTES/VARIABLE_VALUE']),
  ]);
  const known = await readObjectGraph(spanOfBytes('graph', bytes));
  expect([...known.values()]).toEqual([
    { fullName: 'dense/kernel', optimizer: false },
    { fullName: 'iteration', optimizer: true },
    { fullName: 'adam/m', optimizer: true },
  ]);
});
