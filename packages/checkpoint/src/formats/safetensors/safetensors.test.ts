import { type ByteSource, byteLength, memorySource } from '@espalier/tensor';
import { safetensorsBytes } from '@espalier/testkit';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import type { Checkpoint } from '../../checkpoint.js';
import { openCheckpoint } from '../../open.js';
import { readValues } from '../../values/readValues.js';

// Seconds of work on a machine that does nothing else.
vi.setConfig({ testTimeout: 60_000 });

async function open(bytes: Uint8Array): Promise<Checkpoint> {
  const opened = await openCheckpoint(memorySource('x.safetensors', bytes));
  if (!opened.ok) throw new Error(JSON.stringify(opened.fault));
  return opened.value;
}

async function faultOf(bytes: Uint8Array): Promise<string> {
  const opened = await openCheckpoint(memorySource('x.safetensors', bytes));
  return opened.ok ? 'none' : `${opened.fault.code}: ${opened.fault.message}`;
}

const weight = (name: string, ...numbers: number[]) => ({
  name,
  dtype: 'F32',
  shape: [numbers.length],
  bytes: new Uint8Array(Float32Array.from(numbers).buffer),
});

test('what is written is read: names, types, shapes, bytes, in the order of the data', () =>
  fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(
        fc.record({
          name: fc.string({ unit: 'grapheme' }).filter((name) => name !== '__metadata__'),
          dtype: fc.constantFrom(
            'F64' as const,
            'F32' as const,
            'BF16' as const,
            'F8_E4M3' as const,
            'F4' as const,
            'I64' as const,
            'BOOL' as const,
          ),
          shape: fc.array(fc.nat({ max: 4 }), { maxLength: 4 }),
          seed: fc.nat(),
        }),
        { selector: ({ name }) => name },
      ),
      async (wanted) => {
        const tensors = wanted.map(({ name, dtype, shape, seed }) => {
          const length = byteLength(
            dtype,
            shape.reduce((product, size) => product * size, 1),
          );
          return { name, dtype, shape, bytes: Uint8Array.from({ length }, (_, i) => (i * seed) & 255) };
        });
        const source = memorySource('x.safetensors', safetensorsBytes(tensors));
        const opened = await openCheckpoint(source);
        if (!opened.ok) throw new Error(JSON.stringify(opened.fault));
        expect(opened.value.findings).toEqual([]);
        const byName = new Map(opened.value.tensors.map((tensor) => [tensor.name, tensor]));
        expect(byName.size).toBe(tensors.length);
        for (const { name, dtype, shape, bytes } of tensors) {
          const { data, ...entry } = byName.get(name)!;
          expect(entry).toMatchObject({ dtype, shape, bytes: bytes.length });
          if (data.kind === 'raw') expect(await source.read(data.begin, bytes.length)).toEqual(bytes);
          else expect(data).toEqual({ kind: 'none', why: 'empty' });
        }
        const begins = opened.value.tensors.flatMap(({ data }) => (data.kind === 'raw' ? [data.begin] : []));
        expect(begins).toEqual([...begins].sort((a, b) => a - b));
      },
    ),
  ));

describe('an unfinished download', () => {
  const whole = safetensorsBytes([weight('a', 1, 2), weight('b', 3, 4, 5), weight('c', 6)]);

  test('lists every tensor; those that are cut off say what is missing', async () => {
    const { tensors, findings } = await open(whole.slice(0, -6));
    expect(tensors.map(({ name, data }) => [name, data.kind])).toEqual([
      ['a', 'raw'],
      ['b', 'none'],
      ['c', 'none'],
    ]);
    const size = whole.length - 6;
    expect(tensors[1]!.data).toEqual({
      kind: 'none',
      why: 'unreadable',
      fault: {
        code: 'checkpoint/truncated',
        file: 'x.safetensors',
        offset: whole.length - 16,
        expected: whole.length - 4,
        found: size,
        message: `The file ends at ${size}, tensor b needs 12 bytes at ${whole.length - 16}.`,
        hint: 'It may be an unfinished download.',
      },
    });
    expect(findings).toEqual([
      {
        code: 'checkpoint/truncated',
        severity: 'error',
        tensor: 'b',
        file: 'x.safetensors',
        offset: whole.length - 16,
        message: `The file ends at ${size}, tensor b needs 12 bytes at ${whole.length - 16}. 1 more tensor is concerned.`,
      },
    ]);
    expect([...(await readValues(tensors[0]!))]).toEqual([1, 2]);
  });

  test('has an outcome at every length', async () => {
    for (let length = 0; length < whole.length; length++) {
      const opened = await openCheckpoint(memorySource('x.safetensors', whole.slice(0, length)));
      const codes = opened.ok ? opened.value.findings.map(({ code }) => code) : [opened.fault.code];
      expect(codes).toEqual([length === 0 ? 'checkpoint/empty' : 'checkpoint/truncated']);
    }
  });
});

describe('headers that lie', () => {
  const a = weight('a', 1, 2);
  test.each<[string, Uint8Array, string]>([
    [
      'overlap',
      safetensorsBytes([a], { b: { dtype: 'F32', shape: [1], data_offsets: [4, 8] } }),
      'checkpoint/overlap: Tensor b begins at',
    ],
    [
      'overlap behind an empty tensor',
      safetensorsBytes([weight('a', 1, 2, 3, 4)], {
        e: { dtype: 'F32', shape: [0], data_offsets: [4, 4] },
        b: { dtype: 'F32', shape: [1], data_offsets: [8, 12] },
      }),
      'checkpoint/overlap: Tensor b begins at',
    ],
    [
      'offsets backwards',
      safetensorsBytes([], { b: { dtype: 'F32', shape: [1], data_offsets: [4, 0] } }),
      'checkpoint/header-malformed: Tensor b: data_offsets [4, 0] end before they begin.',
    ],
    [
      '2^53 elements',
      safetensorsBytes([], { b: { dtype: 'F32', shape: [2 ** 27, 2 ** 27], data_offsets: [0, 4] } }),
      'checkpoint/header-malformed: Tensor b: its shape',
    ],
    [
      'too many axes',
      safetensorsBytes([], { b: { dtype: 'F32', shape: new Array(65).fill(1), data_offsets: [0, 4] } }),
      'checkpoint/header-malformed: Tensor b: its shape has 65 axes.',
    ],
    ['no object', safetensorsBytes([], { b: [1] }), 'checkpoint/header-malformed: Tensor b: dtype is not a text.'],
  ])('%s', async (_, bytes, expected) => expect((await faultOf(bytes)).startsWith(expected)).toBe(true));

  test('a shape that contradicts its bytes spoils its tensor alone', async () => {
    const { tensors, findings } = await open(safetensorsBytes([{ ...a, shape: [3] }, weight('b', 7)]));
    expect(tensors.map(({ data }) => data.kind)).toEqual(['none', 'raw']);
    expect(findings).toMatchObject([{ code: 'checkpoint/size-mismatch', severity: 'error', tensor: 'a' }]);
  });

  test.each(['constructor', '__proto__', 'toString', 'F31'])('the element type %s is unknown', async (dtype) => {
    const { tensors, findings } = await open(safetensorsBytes([{ ...a, dtype }, weight('b', 7)]));
    expect(tensors).toMatchObject([
      { dtype: 'UNKNOWN', storage: dtype, data: { why: 'unsupported' } },
      { dtype: 'F32' },
    ]);
    expect(findings).toMatchObject([{ code: 'checkpoint/unsupported-tensor', severity: 'warning', tensor: 'a' }]);
  });

  test('bytes that no tensor claims are pointed out', async () => {
    const { findings } = await open(
      safetensorsBytes([weight('a', 1), weight('hole', 2, 3)], {
        hole: { dtype: 'F32', shape: [1], data_offsets: [8, 12] },
      }),
    );
    expect(findings).toMatchObject([
      { code: 'checkpoint/unused-bytes', message: expect.stringMatching(/^4 bytes belong to no tensor/) },
    ]);
  });
});

test('names that prototypes know are ordinary names', async () => {
  const names = ['__proto__', 'constructor', 'hasOwnProperty'];
  const bytes = safetensorsBytes(
    [],
    Object.fromEntries(names.map((name) => [name, { dtype: 'F32', shape: [0], data_offsets: [0, 0] }])),
  );
  expect((await open(bytes)).tensors.map(({ name }) => name)).toEqual(names);
});

test('opening reads the header alone', async () => {
  const memory = memorySource(
    'x.safetensors',
    safetensorsBytes([{ name: 'w', dtype: 'U8', shape: [5_000_000], bytes: new Uint8Array(5_000_000) }]),
  );
  let bytesRead = 0;
  const read: ByteSource['read'] = (begin, length) => {
    bytesRead += length;
    return memory.read(begin, length);
  };
  expect((await openCheckpoint({ ...memory, read })).ok).toBe(true);
  expect(bytesRead).toBeLessThan(10_000);
});
