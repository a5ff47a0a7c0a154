import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { idleWork } from '@espalier/base';
import { fileSource, fixtureFolder, fixturePath, readAll } from '@espalier/testkit';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import type { Checkpoint } from '../../checkpoint.js';
import { openCheckpoint } from '../../open.js';
import { entryOutput } from '../entryOutput.js';
import type { OutputContent, OutputTensor } from '../output.js';
import {
  type Files,
  type Input,
  inputOf,
  numbersOf,
  openFiles,
  PROVENANCE,
  prunedTensors,
  writeInput,
} from '../testing/written.js';
import type { GraphEdit } from './graphEdits.js';
import { onnx, onnxWriter } from './onnx.js';

const work = idleWork();
const folder = fixturePath('checkpoints/onnx');

/** Models by name with the files beside them. Those that lie about their external data are apart. */
const MODELS = readdirSync(folder).filter((name) => !/external-(escape|absolute|missing|short|huge)/.test(name));

function load(fixture: string): Promise<Input> {
  if (fixture.endsWith('.onnx'))
    return inputOf(new Map([[fixture, fixtureFolder(join(folder, fixture)).bytes]]), fixture);
  const name = readdirSync(join(folder, fixture)).find((file) => file.endsWith('.onnx'))!;
  return inputOf(fixtureFolder(join(folder, fixture, name)).around, name);
}

const write = (input: Input, more: Partial<OutputContent> = {}, writer = onnx): Promise<Files> =>
  writeInput(writer, input, 'out.onnx', more);

const reopen = (files: Files): Promise<Checkpoint> => openFiles(files, 'out.onnx');

describe.each(MODELS)('%s', (fixture) => {
  test('comes out byte for byte where nothing is changed', async () => {
    const input = await load(fixture);
    const files = await write(input);
    if (input.files.size === 1) expect(files.get('out.onnx')).toEqual(input.files.get(input.name));
    else expect([...files.keys()]).toEqual(['out.onnx', 'out.onnx.data']);
    const again = await reopen(files);
    expect(again.tensors.map(facts)).toEqual(input.checkpoint.tensors.map(facts));
    for (const [i, entry] of again.tensors.entries())
      expect(await readAll(entry), entry.name).toEqual(await readAll(input.checkpoint.tensors[i]!));
  });

  test('keeps everything but the values that were changed, and says how it was made', async () => {
    const input = await load(fixture);
    const tensors = prunedTensors(input);
    const again = await reopen(await write(input, { tensors, metadata: PROVENANCE }));
    expect(again.metadata).toEqual({ ...input.checkpoint.metadata, ...PROVENANCE });
    expect(again.graph).toEqual(input.checkpoint.graph);
    const changed = new Set(tensors.flatMap(({ name, unchanged }) => (unchanged === true ? [] : [name])));
    for (const [i, entry] of again.tensors.entries()) {
      const before = input.checkpoint.tensors[i]!;
      expect(facts(entry)).toMatchObject({ name: before.name, dtype: before.dtype, shape: before.shape });
      const values = await readAll(before);
      if (changed.has(before.name)) for (let k = 1; k < values.length; k += 2) values[k] = 0;
      expect(await readAll(entry), entry.name).toEqual(values);
    }
  });
});

const facts = ({ name, dtype, storage, shape, sharesStorageWith }: Checkpoint['tensors'][number]) => ({
  name,
  dtype,
  storage,
  shape,
  sharesStorageWith,
});

/** Outputs of a model for random input, the same for the same seed. */
async function run(files: Files, name = 'out.onnx'): Promise<Record<string, number[]>> {
  const at = mkdtempSync(join(tmpdir(), 'espalier-onnx-'));
  try {
    for (const [name, bytes] of files) writeFileSync(join(at, name), bytes);
    const session = await InferenceSession.create(join(at, name), { graphOptimizationLevel: 'disabled' });
    let seed = 1;
    const feeds: Record<string, Tensor> = {};
    for (const input of session.inputMetadata) {
      if (!input.isTensor) throw new Error(input.name);
      const shape = input.shape.map((length) => (typeof length === 'number' && length > 0 ? length : 2));
      const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => {
        seed = (seed * 48_271) % 2_147_483_647;
        return seed / 2_147_483_647 - 0.5;
      });
      feeds[input.name] = new Tensor('float32', data, shape);
    }
    const results = await session.run(feeds);
    await session.release();
    return Object.fromEntries(
      Object.entries(results).map(([name, { data }]) => [name, Array.from(data as Float32Array)]),
    );
  } finally {
    rmSync(at, { recursive: true });
  }
}

/** The input with the values of every pruned tensor overwritten where they lie: no writer had a hand in it. */
async function patched(
  { files, checkpoint }: Input,
  tensors: readonly OutputTensor[],
): Promise<Map<string, Uint8Array>> {
  const copies = new Map([...files].map(([name, bytes]) => [name, bytes.slice()]));
  for (const tensor of tensors) {
    if (tensor.unchanged === true) continue;
    const { data } = checkpoint.tensors.find(({ name }) => name === tensor.name)!;
    if (data.kind !== 'raw') throw new Error(tensor.name);
    let at = data.begin;
    for await (const window of (tensor.stored ?? tensor).windows(work)) {
      copies.get(data.source.name)!.set(window, at);
      at += window.length;
    }
  }
  return copies;
}

/** Models of npm packages, and those of the ONNX project as Debian packs them, where they are there. */
const REAL = [
  ...(
    JSON.parse(readFileSync(fixturePath('golden/npm-models.json'), 'utf8')).models as {
      package: string;
      file: string;
      format: string;
    }[]
  )
    .filter(({ format }) => format === 'onnx')
    .map(({ package: name, file }) => join(fixturePath('.'), '../node_modules', name, file)),
  ...[
    JSON.parse(readFileSync(fixturePath('golden/onnx-testdata.json'), 'utf8')) as {
      root: string;
      models: { file: string }[];
    },
  ].flatMap(({ root, models }) => models.map(({ file }) => join(root, file))),
].filter(existsSync);

test.each(REAL)('%s comes out byte for byte, and pruned it is still read', { timeout: 60_000 }, async (path) => {
  const bytes = new Uint8Array(readFileSync(path));
  const input = await inputOf(new Map([['x.onnx', bytes]]), 'x.onnx');
  expect(Buffer.from((await write(input)).get('out.onnx')!).equals(bytes)).toBe(true);
  const tensors = prunedTensors(input);
  const again = await reopen(await write(input, { tensors, metadata: PROVENANCE }));
  expect(again.tensors.map(({ name, shape, dtype }) => [name, shape, dtype])).toEqual(
    input.checkpoint.tensors.map(({ name, shape, dtype }) => [name, shape, dtype]),
  );
  expect(again.findings).toEqual(input.checkpoint.findings);
  // In one stretch: a whole model is too much for one comparison of numbers.
  const largest = tensors.filter(({ unchanged }) => unchanged !== true).sort((a, b) => b.byteLength - a.byteLength)[0];
  if (largest === undefined) return;
  const values = await readAll(again.tensors.find(({ name }) => name === largest.name)!);
  const before = await readAll(largest.origin!);
  expect(values.every((value, i) => value === (i % 2 === 1 ? 0 : before[i]!))).toBe(true);
});

describe('onnxruntime', () => {
  test.each(['cnn.onnx', 'torch-export.onnx', 'ir3.onnx', 'qdq.onnx', 'quantized-operators.onnx', 'external-one'])(
    'runs the pruned %s as it runs the masked one',
    async (fixture) => {
      const input = await load(fixture);
      // Packed codes have no place where values could be overwritten from outside.
      const tensors = prunedTensors(input).map((tensor) =>
        tensor.origin!.data.kind === 'raw' ? tensor : entryOutput(tensor.origin!),
      );
      expect(tensors.filter(({ unchanged }) => unchanged !== true).length).toBeGreaterThan(0);
      const masked = await run(await patched(input, tensors), input.name);
      const outputs = await run(await write(input, { tensors, metadata: PROVENANCE }));
      expect(outputs).toEqual(masked);
      expect(outputs).not.toEqual(await run(input.files, input.name));
    },
  );

  test('runs a model whose tensors were too many for one message', async () => {
    const input = await load('cnn.onnx');
    const tensors = prunedTensors(input);
    const files = await write(input, { tensors }, onnxWriter(6_000));
    expect([...files.keys()]).toEqual(['out.onnx', 'out.onnx.data']);
    expect(files.get('out.onnx')!.length).toBeLessThan(6_000);
    expect(await run(files)).toEqual(await run(await patched(input, tensors), input.name));
  });
});

/** A tensor from numbers. */
function made(
  name: string,
  dtype: 'F32' | 'I8' | 'U8',
  shape: readonly number[],
  values: readonly number[],
): OutputTensor {
  const bytes =
    dtype === 'F32'
      ? new Uint8Array(Float32Array.from(values).buffer)
      : Uint8Array.from(values, (value) => value & 255);
  return {
    name,
    dtype,
    shape,
    byteLength: bytes.length,
    async *windows() {
      yield bytes;
    },
  };
}

/** The tensor with only the even indices of an axis, and the one in which the odd ones are 0. */
async function channels(
  { checkpoint }: Input,
  name: string,
  axis: number,
): Promise<{ kept: OutputTensor; masked: OutputTensor }> {
  const entry = checkpoint.tensors.find((tensor) => tensor.name === name)!;
  const values = [...(await readAll(entry))];
  const stride = entry.shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  const isKept = (_: number, i: number): boolean => (Math.floor(i / stride) % entry.shape[axis]!) % 2 === 0;
  const shape = entry.shape.map((length, at) => (at === axis ? length / 2 : length));
  return {
    kept: made(name, 'F32', shape, values.filter(isKept)),
    masked: made(
      name,
      'F32',
      entry.shape,
      values.map((value, i) => (isKept(value, i) ? value : 0)),
    ),
  };
}

const rest = ({ checkpoint }: Input, replaced: readonly OutputTensor[]): OutputTensor[] => [
  ...numbersOf(checkpoint)
    .filter(({ name }) => !replaced.some((tensor) => tensor.name === name))
    .map(entryOutput),
  ...replaced,
];

const close = (a: Record<string, number[]>, b: Record<string, number[]>, digits: number): void => {
  expect(Object.keys(a)).toEqual(Object.keys(b));
  for (const [name, values] of Object.entries(a)) {
    expect(values.length).toBe(b[name]!.length);
    for (const [i, value] of values.entries()) expect(value).toBeCloseTo(b[name]![i]!, digits);
  }
};

test('channels that are gone give what masked ones give: shapes, groups and stated shapes of values follow', async () => {
  const input = await load('torch-export.onnx');
  const axes: [string, number][] = [
    ['conv1.weight', 0],
    ['conv1.weight_bias', 0],
    ['depthwise.weight', 0],
    ['depthwise.bias', 0],
    ['pointwise.weight', 1],
  ];
  const both = await Promise.all(axes.map(([name, axis]) => channels(input, name, axis)));
  const removed = await write(input, {
    tensors: rest(
      input,
      both.map(({ kept }) => kept),
    ),
    graphEdits: [{ kind: 'set-attribute', node: 'node_conv2d_1', attribute: 'group', value: 8 }],
  });
  const again = await reopen(removed);
  expect(again.tensors.find(({ name }) => name === 'depthwise.weight')!.shape).toEqual([8, 1, 3, 3]);
  expect(again.graph!.nodes.find(({ name }) => name === 'node_conv2d_1')!.attributes.group).toBe(8);
  expect(again.graph!.values.get('relu')?.shape ?? null).toBeNull();
  close(
    await run(removed),
    await run(
      await write(input, {
        tensors: rest(
          input,
          both.map(({ masked }) => masked),
        ),
      }),
    ),
    5,
  );
});

test('an initializer that is an input of the graph too gets its new shape there', async () => {
  const input = await load('ir3.onnx');
  const { kept } = await channels(input, 'w', 1);
  const files = await write(input, { tensors: rest(input, [kept]) });
  expect((await reopen(files)).graph!.values.get('w')!.shape).toEqual([3, 2]);
});

describe('a weight that becomes DequantizeLinear of its codes', () => {
  /** Codes of 8 bits with one scale for each index of the last axis of a matrix. */
  async function quantized(
    { checkpoint }: Input,
    name: string,
    axis: number | undefined,
  ): Promise<{ edit: GraphEdit; back: OutputTensor }> {
    const entry = checkpoint.tensors.find((tensor) => tensor.name === name)!;
    const values = [...(await readAll(entry))];
    const count = axis === undefined ? 1 : entry.shape[axis]!;
    const scales = Array.from({ length: count }, (_, i) => Math.fround((i + 1) / 64));
    const codes = values.map((value, i) => Math.max(-128, Math.min(127, Math.round(value / scales[i % count]!))));
    const shape = axis === undefined ? [] : [count];
    return {
      edit: {
        kind: 'replace-by-dequantize',
        tensor: name,
        codes: made(name, 'I8', entry.shape, codes),
        scale: made(`${name}.scale`, 'F32', shape, scales),
        zeroPoint: made(
          `${name}.zero`,
          'I8',
          shape,
          scales.map(() => 0),
        ),
        ...(axis === undefined ? {} : { axis }),
      },
      back: made(
        name,
        'F32',
        entry.shape,
        codes.map((code, i) => Math.fround(code * scales[i % count]!)),
      ),
    };
  }

  test.each<[string, string, number | undefined]>([
    ['cnn.onnx', 'gemm.weight', 1],
    ['cnn.onnx', 'matmul.weight', undefined],
    ['constants.onnx', 'w', undefined],
    ['subgraphs.onnx', 'top_w', 1],
  ])('%s, %s', async (fixture, name, axis) => {
    const input = await load(fixture);
    const { edit, back } = await quantized(input, name, axis);
    const others = numbersOf(input.checkpoint)
      .filter((entry) => entry.name !== name)
      .map(entryOutput);
    const files = await write(input, { tensors: others, graphEdits: [edit] });
    const again = await reopen(files);
    expect(again.tensors.map(({ name }) => name)).toContain(`${name}_quantized`);
    const entry = again.tensors.find((tensor) => tensor.name === `${name}_quantized`)!;
    expect(entry.storage).toBe('int8 affine');
    expect(again.graph!.nodes.filter(({ operator }) => operator === 'DequantizeLinear')).toHaveLength(1);
    if (fixture !== 'cnn.onnx') return;
    expect(await run(files)).toEqual(await run(await write(input, { tensors: rest(input, [back]) })));
  });

  test('a model of older operators is refused before anything is written', async () => {
    const input = await load('ir3.onnx');
    const { edit } = await quantized(input, 'w', 1);
    await expect(write(input, { graphEdits: [edit] })).rejects.toMatchObject({
      fault: { code: 'output/opset', expected: 13, found: 9 },
    });
  });
});

test('nodes are inserted and read: a value is quantized on its way', async () => {
  const input = await load('cnn.onnx');
  const scale = made('r1_scale', 'F32', [], [1 / 32]);
  const zero = made('r1_zero_point', 'U8', [], [0]);
  const node = (operator: string, from: string, to: string): GraphEdit => ({
    kind: 'insert-node',
    before: 'depthwise',
    node: { name: to, operator, inputs: [from, scale.name, zero.name], outputs: [to] },
  });
  const graphEdits: GraphEdit[] = [
    { kind: 'add-initializer', tensor: scale },
    { kind: 'add-initializer', tensor: zero },
    node('QuantizeLinear', 'r1', 'r1_q'),
    node('DequantizeLinear', 'r1_q', 'r1_dq'),
    { kind: 'rewire', node: 'depthwise', input: 0, value: 'r1_dq' },
  ];
  const files = await write(input, { graphEdits });
  const before = await run(input.files, input.name);
  const after = await run(files);
  expect(after).not.toEqual(before);
  close(after, before, 1);
});

test('files beside the model stay open until they are written', async () => {
  const path = join(
    folder,
    'external-many',
    readdirSync(join(folder, 'external-many')).find((name) => name.endsWith('.onnx'))!,
  );
  const opened = await openCheckpoint(await fileSource(path));
  if (!opened.ok) throw new Error(opened.fault.message);
  const input = { name: 'm.onnx', files: new Map(), checkpoint: opened.value };
  const again = await reopen(await write(input, { metadata: PROVENANCE }));
  for (const [i, entry] of again.tensors.entries())
    expect(await readAll(entry)).toEqual(await readAll(opened.value.tensors[i]!));
  await opened.value.close();
});

describe('what has no place in the file is refused', () => {
  test.each<[string, object, string]>([
    ['a tensor that the model has not', { tensors: [made('other', 'F32', [1], [1])] }, 'output/tensor'],
    [
      'a node that the model has not',
      { graphEdits: [{ kind: 'rewire', node: 'x', input: 0, value: 'y' }] },
      'output/graph-edit',
    ],
  ])('%s', async (_, content, code) => {
    const input = await load('cnn.onnx');
    await expect(write(input, content)).rejects.toMatchObject({ fault: { code } });
  });

  test('tensors whose bytes are missing', async () => {
    const input = await load('external-missing');
    await expect(write(input)).rejects.toMatchObject({ fault: { code: 'output/incomplete' } });
  });

  test('a type that no node expects, before anything is written', async () => {
    const { checkpoint } = await load('cnn.onnx');
    const tensors = [{ ...made('gemm.bias', 'F32', [14], Array(14).fill(0)), dtype: 'F16' as const, byteLength: 28 }];
    expect(onnx.refuses({ tensors, metadata: {}, input: checkpoint })).toMatchObject({
      code: 'output/tensor',
      message: expect.stringMatching(/gemm\.bias .* would become F16/),
    });
  });

  test('an input of another format', async () => {
    const { checkpoint } = await load('cnn.onnx');
    const content = { tensors: [], metadata: {}, input: { ...checkpoint, format: 'npz' } };
    expect(onnx.refuses(content)).toMatchObject({ code: 'output/other-container' });
  });
});

/**
 * These bytes passed `onnx.checker` and ran in onnxruntime of Python: fixtures/generate/written_onnx.py has looked at the files that this test keeps where
 * `ESPALIER_WRITTEN` names a folder.
 */
test('the bytes are those that the checker of ONNX has accepted', async () => {
  const hashes: Record<string, string> = {};
  for (const fixture of MODELS) {
    const input = await load(fixture);
    for (const [file, bytes] of await write(input, { tensors: prunedTensors(input), metadata: PROVENANCE })) {
      const name = `${fixture.replace(/\.onnx$/, '')}/${file}`;
      hashes[name] = createHash('sha256').update(bytes).digest('hex');
      if (process.env.ESPALIER_WRITTEN === undefined) continue;
      mkdirSync(join(process.env.ESPALIER_WRITTEN, name, '..'), { recursive: true });
      writeFileSync(join(process.env.ESPALIER_WRITTEN, name), bytes);
    }
  }
  const golden = JSON.parse(readFileSync(fixturePath('golden/written-onnx.json'), 'utf8')) as {
    files: Record<string, string>;
  };
  expect(hashes).toEqual(golden.files);
});
