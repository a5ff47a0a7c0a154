import { type ByteSource, memorySource } from '@espalier/tensor';
import {
  type FlatField,
  type FlatNode,
  flatBytes,
  flatFloats,
  flatInts,
  flatLongs,
  flatNumber,
  flatTable,
  flatTables,
  flatText,
  readAll,
  writeFlatbuffer,
} from '@espalier/testkit';
import { describe, expect, test } from 'vitest';
import type { Checkpoint } from '../../checkpoint.js';
import { openCheckpoint } from '../../open.js';
import {
  BLOCKWISE,
  BUFFER,
  DIMENSION,
  EXTERNAL_BUFFER,
  EXTERNAL_GROUP,
  MODEL,
  OPERATOR,
  OPERATOR_CODE,
  QUANTIZATION,
  SPARSITY,
  SUBGRAPH,
  TENSOR,
} from './schema.js';

const FLOAT32 = 0;
const STRING = 5;
const INT8 = 9;
const VARIANT = 14;
const INT4 = 17;
const INT2 = 19;
const FLOAT16 = 1;

interface TensorSpec {
  readonly name?: string;
  readonly shape: readonly number[];
  readonly type?: number;
  readonly buffer?: number;
  readonly more?: Readonly<Record<number, FlatField>>;
}

const tensor = ({ name = 'w', shape, type = FLOAT32, buffer = 1, more = {} }: TensorSpec): FlatNode =>
  flatTable({
    [TENSOR.shape]: flatInts(shape),
    [TENSOR.type]: flatNumber(1, type),
    [TENSOR.buffer]: flatNumber(4, buffer),
    [TENSOR.name]: flatText(name),
    ...more,
  });
const buffer = (bytes: Uint8Array | null): FlatNode =>
  flatTable(bytes === null ? {} : { [BUFFER.data]: flatBytes(bytes) });

function model(
  tensors: readonly FlatNode[],
  buffers: readonly FlatNode[],
  more: Readonly<Record<number, FlatField>> = {},
  operators: readonly FlatNode[] = [],
): Uint8Array {
  const subgraph = flatTable({
    [SUBGRAPH.tensors]: flatTables(tensors),
    [SUBGRAPH.inputs]: flatInts([]),
    [SUBGRAPH.outputs]: flatInts([]),
    [SUBGRAPH.operators]: flatTables(operators),
  });
  return writeFlatbuffer(
    flatTable({
      [MODEL.version]: flatNumber(4, 3),
      [MODEL.subgraphs]: flatTables([subgraph]),
      [MODEL.buffers]: flatTables([buffer(null), ...buffers]),
      ...more,
    }),
    'TFL3',
  );
}

async function open(bytes: Uint8Array | ByteSource, folder?: ReadonlyMap<string, Uint8Array>): Promise<Checkpoint> {
  const opened = await openCheckpoint(bytes instanceof Uint8Array ? memorySource('m.tflite', bytes, folder) : bytes);
  if (!opened.ok) throw new Error(opened.fault.message);
  return opened.value;
}

const floats = (...values: number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);
const quantization = (
  scales: readonly number[],
  zeroPoints: readonly number[],
  axis = 0,
  more: Readonly<Record<number, FlatField>> = {},
): FlatNode =>
  flatTable({
    [QUANTIZATION.scale]: flatFloats(scales),
    [QUANTIZATION.zeroPoint]: flatLongs(zeroPoints),
    [QUANTIZATION.dimension]: flatNumber(4, axis),
    ...more,
  });

test('tensors without a buffer are no weights, and names are made unique', async () => {
  const checkpoint = await open(
    model(
      [
        tensor({ shape: [1, 3], buffer: 0, name: 'input' }),
        tensor({ shape: [2] }),
        tensor({ shape: [2] }),
        tensor({ shape: [1], buffer: 2, name: 'variable' }),
      ],
      [buffer(floats(1, 2)), buffer(null)],
    ),
  );
  expect(checkpoint.tensors.map(({ name, sharesStorageWith }) => [name, sharesStorageWith])).toEqual([
    ['w', undefined],
    ['w#2', 'w'],
  ]);
  expect([...checkpoint.graph!.values.keys()]).toEqual(['input', 'w', 'w#2', 'variable']);
});

test('data behind the flatbuffer is found by offset and size', async () => {
  const place = (offset: number): FlatNode =>
    flatTable({ [BUFFER.offset]: flatNumber(8, offset), [BUFFER.size]: flatNumber(8, 12) });
  const structure = (offset: number): Uint8Array => model([tensor({ shape: [3] })], [place(offset)]);
  const begin = structure(8).length;
  const bytes = new Uint8Array([...structure(begin), ...floats(1, 0, -2)]);
  expect([...(await readAll((await open(bytes)).tensors[0]!))]).toEqual([1, 0, -2]);

  const cut = await open(bytes.subarray(0, bytes.length - 4));
  expect(cut.tensors[0]!.data).toMatchObject({
    kind: 'none',
    why: 'unreadable',
    fault: { code: 'checkpoint/truncated' },
  });
  expect(cut.findings).toMatchObject([{ code: 'checkpoint/truncated', tensor: 'w' }]);
});

describe('data in another file', () => {
  const bytes = (group: string): Uint8Array =>
    model([tensor({ shape: [2], buffer: 0, more: { [TENSOR.externalBuffer]: flatNumber(4, 7) } })], [], {
      [MODEL.externalGroups]: flatTables([flatTable({ [EXTERNAL_GROUP.name]: flatText(group) })]),
      [MODEL.externalBuffers]: flatTables([
        flatTable({
          [EXTERNAL_BUFFER.id]: flatNumber(4, 7),
          [EXTERNAL_BUFFER.group]: flatNumber(4, 0),
          [EXTERNAL_BUFFER.offset]: flatNumber(8, 4),
          [EXTERNAL_BUFFER.length]: flatNumber(8, 8),
        }),
      ]),
    });

  test('is read beside the model', async () => {
    const checkpoint = await open(bytes('w.bin'), new Map([['w.bin', floats(9, 1, 2)]]));
    expect([...(await readAll(checkpoint.tensors[0]!))]).toEqual([1, 2]);
    expect(checkpoint.files.map(({ name }) => name)).toEqual(['m.tflite', 'w.bin']);
  });

  test.each([
    ['../w.bin', 'path/outside-folder'],
    ['gone.bin', 'path/not-found'],
  ])('%s is a finding', async (group, code) => {
    const checkpoint = await open(bytes(group));
    expect(checkpoint.tensors[0]!.data).toMatchObject({ kind: 'none', why: 'unreadable', fault: { code } });
    expect(checkpoint.findings).toMatchObject([{ code }]);
  });
});

describe('quantized types', () => {
  test('int4 per channel of the last axis', async () => {
    const w = tensor({ shape: [2, 2], type: INT4, more: { [TENSOR.quantization]: quantization([0.5, 2], [0, 1], 1) } });
    const checkpoint = await open(model([w], [buffer(Uint8Array.of(0x2f, 0x81))]));
    expect(checkpoint.tensors[0]).toMatchObject({ dtype: 'F32', storage: 'int4 affine', elements: 4, bytes: 2 });
    // Codes −1, 2, 1, −8; scales 0.5 and 2; zero points 0 and 1.
    expect([...(await readAll(checkpoint.tensors[0]!))]).toEqual([-0.5, 2, 0.5, -18]);
  });

  test('int2, four codes a byte', async () => {
    const w = tensor({ shape: [5], type: INT2, more: { [TENSOR.quantization]: quantization([1], [0]) } });
    const checkpoint = await open(model([w], [buffer(Uint8Array.of(0b11_10_01_00, 0b01))]));
    expect([...(await readAll(checkpoint.tensors[0]!))]).toEqual([0, 1, -2, -1, 1]);
    expect(await checkpoint.tensors[0]!.data).toMatchObject({ kind: 'decoded' });
  });

  test('scales in blocks, in a tensor of their own', async () => {
    const details = flatTable({
      [BLOCKWISE.scales]: flatNumber(4, 1),
      [BLOCKWISE.zeroPoints]: flatNumber(4, -1),
      [BLOCKWISE.blockSize]: flatNumber(4, 2),
    });
    const blocks = flatTable({ [QUANTIZATION.detailsType]: flatNumber(1, 2), [QUANTIZATION.details]: details });
    const w = tensor({ shape: [2, 4], type: INT8, more: { [TENSOR.quantization]: blocks } });
    const scales = tensor({ shape: [2, 2], type: FLOAT16, buffer: 2, name: 'scales' });
    const halves = new Uint8Array(Uint16Array.of(0x3c00, 0x4000, 0x3800, 0x4400).buffer); // 1, 2, 0.5, 4
    const checkpoint = await open(
      model([w, scales], [buffer(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 0xff)), buffer(halves)]),
    );
    const [first, second] = checkpoint.tensors;
    expect(first).toMatchObject({ dtype: 'F32', storage: 'int8 affine, blocks of 2' });
    expect(second).toMatchObject({ roleHint: 'scale' });
    expect([...(await readAll(first!))]).toEqual([1, 2, 6, 8, 2.5, 3, 28, -4]);
  });

  test('scales that do not fit make the tensor unreadable', async () => {
    const w = tensor({ shape: [3], type: INT8, more: { [TENSOR.quantization]: quantization([1, 2], [0, 0]) } });
    const checkpoint = await open(model([w], [buffer(Uint8Array.of(1, 2, 3))]));
    expect(checkpoint.tensors[0]!.data).toMatchObject({
      fault: { code: 'checkpoint/quantization', expected: 3, found: 2 },
    });
  });
});

test('texts and opaque values are listed without numbers', async () => {
  const checkpoint = await open(
    model(
      [tensor({ shape: [1], type: STRING }), tensor({ shape: [1], type: VARIANT, name: 'v' })],
      [buffer(Uint8Array.of(1, 0, 0, 0))],
    ),
  );
  expect(checkpoint.tensors.map(({ dtype, data }) => [dtype, data.kind === 'none' ? data.why : ''])).toEqual([
    ['STRING', 'text'],
    ['UNKNOWN', 'unsupported'],
  ]);
});

describe('sparse encodings that lie', () => {
  const dense = (size: number): FlatNode => flatTable({ [DIMENSION.denseSize]: flatNumber(4, size) });
  const list = (bytes: readonly number[]): FlatNode => flatTable({ 0: flatBytes(Uint8Array.from(bytes)) });
  const csr = (segments: readonly number[], indices: readonly number[]): FlatNode =>
    flatTable({
      [DIMENSION.format]: flatNumber(1, 1),
      [DIMENSION.segmentsType]: flatNumber(1, 3),
      [DIMENSION.segments]: list(segments),
      [DIMENSION.indicesType]: flatNumber(1, 3),
      [DIMENSION.indices]: list(indices),
    });
  const sparse = (order: readonly number[], dimensions: readonly FlatNode[], values = floats(5, 6)): Uint8Array => {
    const sparsity = flatTable({
      [SPARSITY.traversalOrder]: flatInts(order),
      [SPARSITY.dimensions]: flatTables(dimensions),
    });
    return model([tensor({ shape: [2, 3], more: { [TENSOR.sparsity]: sparsity } })], [buffer(values)]);
  };

  test('a true one is read', async () => {
    const checkpoint = await open(sparse([0, 1], [dense(2), csr([0, 1, 2], [2, 0])]));
    expect([...(await readAll(checkpoint.tensors[0]!))]).toEqual([0, 0, 5, 6, 0, 0]);
  });

  test.each<[string, Uint8Array]>([
    ['an axis twice', sparse([0, 0], [dense(2), csr([0, 1, 2], [2, 0])])],
    ['another size', sparse([0, 1], [dense(3), csr([0, 1, 2], [2, 0])])],
    ['too few segments', sparse([0, 1], [dense(2), csr([0, 2], [2, 0])])],
    ['one axis missing', sparse([0], [dense(2)])],
    ['more values than the file holds', sparse([0, 1], [dense(2), csr([0, 1, 3], [2, 0, 1])])],
  ])('%s is seen when the file is opened', async (_, bytes) => {
    const checkpoint = await open(bytes);
    expect(checkpoint.tensors[0]!.data).toMatchObject({ kind: 'none', why: 'unreadable' });
    expect(checkpoint.findings).toHaveLength(1);
  });

  test.each<[string, Uint8Array]>([
    ['an index outside of its axis', sparse([0, 1], [dense(2), csr([0, 1, 2], [2, 3])])],
    ['segments that go backwards', sparse([0, 1], [dense(2), csr([0, 3, 2], [2, 0])])],
    ['segments that end early', sparse([0, 1], [dense(2), csr([0, 1, 1], [2, 0])])],
    [
      'an element twice',
      sparse([0, 1], [dense(2), csr([0, 7, 7], [2, 2, 2, 2, 2, 2, 2])], floats(1, 1, 1, 1, 1, 1, 1)),
    ],
  ])('%s is a fault of reading', async (_, bytes) => {
    const checkpoint = await open(bytes);
    const entry = checkpoint.tensors[0]!;
    if (entry.data.kind === 'none') expect(entry.data.why).toBe('unreadable');
    else await expect(readAll(entry)).rejects.toMatchObject({ fault: { code: 'checkpoint/sparse-indices' } });
  });
});

test('a quantized convolution behind DEQUANTIZE keeps its axes', async () => {
  const code = (builtin: number): FlatNode =>
    flatTable({
      [OPERATOR_CODE.deprecatedBuiltinCode]: flatNumber(1, builtin),
      [OPERATOR_CODE.builtinCode]: flatNumber(4, builtin),
    });
  const operator = (index: number, inputs: readonly number[], outputs: readonly number[]): FlatNode =>
    flatTable({
      [OPERATOR.code]: flatNumber(4, index),
      [OPERATOR.inputs]: flatInts(inputs),
      [OPERATOR.outputs]: flatInts(outputs),
    });
  const bytes = model(
    [
      tensor({ shape: [2, 1, 1, 3], type: FLOAT16, name: 'half' }),
      tensor({ shape: [2, 1, 1, 3], buffer: 0, name: 'float' }),
      tensor({ shape: [1, 4, 4, 6], buffer: 0, name: 'x' }),
      tensor({ shape: [1, 4, 4, 2], buffer: 0, name: 'y' }),
    ],
    [buffer(new Uint8Array(12))],
    { [MODEL.operatorCodes]: flatTables([code(6), code(3)]) },
    [operator(0, [0], [1]), operator(1, [2, 1, -1], [3])],
  );
  const checkpoint = await open(bytes);
  expect(checkpoint.tensors).toMatchObject([
    { name: 'half', roleHint: 'conv', axes: { output: [0], input: [3], kernel: [1, 2], groups: 2 } },
  ]);
  expect(checkpoint.graph!.nodes).toMatchObject([
    { operator: 'DEQUANTIZE' },
    { operator: 'CONV_2D', inputs: ['x', 'float', ''], outputs: ['y'] },
  ]);
  expect(checkpoint.graph!.values.get('float')).toMatchObject({ tensor: 'half' });
});
