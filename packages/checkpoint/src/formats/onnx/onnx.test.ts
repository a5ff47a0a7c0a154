import { type ByteSource, memorySource } from '@espalier/tensor';
import { protoMessage as message, type ProtoValue, readAll } from '@espalier/testkit';
import { describe, expect, test } from 'vitest';
import type { Checkpoint, TensorEntry } from '../../checkpoint.js';
import { openCheckpoint } from '../../open.js';
import { looksLikeOnnx } from './sniff.js';

const FLOAT = 1;
const UINT8 = 2;
const INT8 = 3;
const INT32 = 6;
const INT64 = 7;
const DOUBLE = 11;
const UINT64 = 13;
const UINT2 = 25;
const INT2 = 26;

type Field = readonly [number, ProtoValue];
const floats = (...values: number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);
const longs = (...values: number[]): Uint8Array => new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
const dims = (...shape: number[]): Field[] => shape.map((length): Field => [1, length]);
const tensor = (name: string, type: number, shape: number[], ...data: Field[]): Uint8Array =>
  message(...dims(...shape), [2, type], ...data, [8, name]);
const raw = (bytes: Uint8Array): Field => [9, bytes];
const attribute = (name: string, ...fields: Field[]): Field => [5, message([1, name], ...fields)];
const node = (operator: string, inputs: string[], outputs: string[], ...more: Field[]): Uint8Array =>
  message(
    ...inputs.map((input): Field => [1, input]),
    ...outputs.map((output): Field => [2, output]),
    [4, operator],
    ...more,
  );
const initializers = (...tensors: Uint8Array[]): Field[] => tensors.map((one): Field => [5, one]);
const nodes = (...list: Uint8Array[]): Field[] => list.map((one): Field => [1, one]);
const model = (graph: Field[], ...more: Field[]): Uint8Array =>
  message([1, 8], [2, 'hand'], [7, message(...graph)], [8, message([2, 21])], ...more);

async function open(bytes: Uint8Array | ByteSource, folder?: ReadonlyMap<string, Uint8Array>): Promise<Checkpoint> {
  const opened = await openCheckpoint(bytes instanceof Uint8Array ? memorySource('m.onnx', bytes, folder) : bytes);
  if (!opened.ok) throw new Error(opened.fault.message);
  return opened.value;
}

async function only(...data: Uint8Array[]): Promise<TensorEntry> {
  const checkpoint = await open(model(initializers(...data)));
  expect(checkpoint.tensors).toHaveLength(1);
  return checkpoint.tensors[0]!;
}

describe('values in the other fields', () => {
  test.each<[string, Uint8Array, number[]]>([
    [
      'single floats, not packed',
      tensor('w', FLOAT, [3], [4, { float: 1 }], [4, { float: 0 }], [4, { float: -2.5 }]),
      [1, 0, -2.5],
    ],
    ['floats in two pieces', tensor('w', FLOAT, [3], [4, floats(1)], [4, floats(2, 3)]), [1, 2, 3]],
    ['doubles', tensor('w', DOUBLE, [1], [10, new Uint8Array(Float64Array.of(0.1).buffer)]), [0.1]],
    ['single doubles', tensor('w', DOUBLE, [2], [10, { double: 0.1 }], [10, { double: 3 }]), [0.1, 3]],
    ['negative 64-bit integers', tensor('w', INT64, [3], [7, { packed: [-1, 2 ** 40, 0] }]), [-1, 2 ** 40, 0]],
    ['single integers', tensor('w', INT32, [2], [5, -7], [5, 7]), [-7, 7]],
    ['unsigned 64-bit integers', tensor('w', UINT64, [1], [11, 2n ** 63n]), [2 ** 63]],
    ['bytes as integers', tensor('w', INT8, [2], [5, { packed: [-128, 127] }]), [-128, 127]],
    ['two bits raw', tensor('w', INT2, [5], raw(Uint8Array.of(0b11_10_01_00, 0b01))), [0, 1, -2, -1, 1]],
    ['two bits as integers', tensor('w', UINT2, [5], [5, { packed: [0b11_10_01_00, 0b01] }]), [0, 1, 2, 3, 1]],
  ])('%s', async (_, bytes, expected) => {
    expect([...(await readAll(await only(bytes)))]).toEqual(expected);
  });

  test('a long packed list is read by range', async () => {
    const values = Array.from({ length: 50_000 }, (_, i) => (i * i) % 70_001);
    const entry = await only(
      tensor('w', INT64, [50_000], [7, { packed: values.slice(0, 20_000) }], [7, { packed: values.slice(20_000) }]),
    );
    if (entry.data.kind !== 'decoded') throw new Error(entry.data.kind);
    for (const [begin, count] of [
      [0, 3],
      [16_383, 2],
      [19_999, 2],
      [32_768, 17_232],
      [49_999, 1],
    ] as const) {
      expect([...(await entry.data.read(begin, count))]).toEqual(values.slice(begin, begin + count));
    }
  });

  test.each<[string, Uint8Array, string]>([
    ['too few raw bytes', tensor('w', FLOAT, [3], raw(floats(1))), 'checkpoint/size-mismatch'],
    ['too many integers', tensor('w', INT64, [1], [7, { packed: [1, 2] }]), 'checkpoint/size-mismatch'],
    ['no data at all', tensor('w', FLOAT, [3]), 'checkpoint/size-mismatch'],
    ['a shape of 2⁸⁰', tensor('w', FLOAT, [2 ** 40, 2 ** 40]), 'checkpoint/header-malformed'],
    ['an element type that is none', tensor('w', 77, [1], raw(floats(1))), 'checkpoint/unsupported-tensor'],
  ])('%s makes one tensor unreadable', async (_, bytes, code) => {
    const checkpoint = await open(model(initializers(bytes, tensor('good', FLOAT, [1], raw(floats(5))))));
    expect(checkpoint.tensors[0]!.data).toMatchObject({ kind: 'none', fault: { code } });
    expect(checkpoint.findings).toMatchObject([{ code, tensor: 'w' }]);
    expect([...(await readAll(checkpoint.tensors[1]!))]).toEqual([5]);
  });

  test('a packed list that is too long to count at once is a fault of reading', async () => {
    const entry = await only(tensor('w', INT64, [70_000], [7, { packed: new Array(70_001).fill(1) }]));
    await expect(readAll(entry)).rejects.toMatchObject({
      fault: { code: 'checkpoint/size-mismatch', expected: 70_000 },
    });
  });
});

describe('names', () => {
  test('what lies in a subgraph is named by the way to it, and sees the graph around it', async () => {
    const branch = message(
      ...nodes(
        node('Constant', [], ['k'], attribute('value', [5, tensor('', FLOAT, [1], raw(floats(1)))])),
        node('MatMul', ['x', 'W'], ['m'], [3, 'mm']),
        node('Add', ['m', 'k'], ['out']),
      ),
      ...initializers(tensor('V', FLOAT, [1], raw(floats(2)))),
      [12, message([1, 'out'])],
    );
    const checkpoint = await open(
      model([
        ...nodes(
          node(
            'If',
            ['c'],
            ['y'],
            [3, 'choice'],
            attribute('then_branch', [6, branch]),
            attribute('else_branch', [6, branch]),
          ),
        ),
        ...initializers(tensor('W', FLOAT, [2, 2], raw(floats(1, 2, 3, 4)))),
      ]),
    );
    expect(checkpoint.tensors.map(({ name }) => name).sort()).toEqual([
      'W',
      'choice/else_branch/V',
      'choice/else_branch/k',
      'choice/then_branch/V',
      'choice/then_branch/k',
    ]);
    const matmul = checkpoint.graph!.nodes.find(({ name }) => name === 'choice/then_branch/mm')!;
    expect(matmul).toMatchObject({ inputs: ['choice/then_branch/x', 'W'], path: ['choice/then_branch'] });
    expect(checkpoint.tensors.find(({ name }) => name === 'W')).toMatchObject({
      roleHint: 'linear',
      axes: { output: [1], input: [0] },
    });
    const add = checkpoint.graph!.nodes.find(({ operator }) => operator === 'Add')!;
    expect(add.inputs).toEqual(['choice/then_branch/m', 'choice/then_branch/k']);
  });

  test('training graphs and functions have their own', async () => {
    const training = message([2, message(...initializers(tensor('m', FLOAT, [1], raw(floats(1)))))]);
    const called = message(
      [1, 'Scale'],
      [7, node('Constant', [], ['k'], attribute('value_floats', [7, floats(1, 2)]))],
    );
    const checkpoint = await open(
      model(initializers(tensor('m', FLOAT, [1], raw(floats(0)))), [20, training], [25, called]),
    );
    expect(checkpoint.tensors.map(({ name }) => name)).toEqual(['m', 'training/algorithm/m', 'Scale/k']);
  });

  test('doubles are told apart', async () => {
    const one = tensor('w', FLOAT, [1], raw(floats(1)));
    const checkpoint = await open(model(initializers(one, one)));
    expect(checkpoint.tensors.map(({ name }) => name)).toEqual(['w', 'w#2']);
    expect(checkpoint.findings).toMatchObject([{ code: 'checkpoint/duplicate-name', tensor: 'w#2' }]);
  });
});

describe('axes follow the operator', () => {
  const weight = (shape: number[]): Uint8Array =>
    tensor('w', FLOAT, shape, raw(new Uint8Array(4 * shape.reduce((a, b) => a * b, 1))));
  test.each<[string, number[], Uint8Array[], object]>([
    [
      'Gemm with transB',
      [5, 3],
      [node('Gemm', ['x', 'w'], ['y'], attribute('transB', [3, 1], [20, 2]))],
      { roleHint: 'linear', axes: { output: [0], input: [1] } },
    ],
    ['Gemm without', [3, 5], [node('Gemm', ['x', 'w'], ['y'])], { axes: { output: [1], input: [0] } }],
    [
      'MatMul behind a Transpose',
      [5, 3],
      [node('Transpose', ['w'], ['t']), node('MatMul', ['x', 't'], ['y'])],
      { roleHint: 'linear', axes: { output: [0], input: [1] } },
    ],
    ['MatMul on the left', [5, 3], [node('MatMul', ['w', 'x'], ['y'])], { axes: { output: [0], input: [1] } }],
    [
      'depthwise Conv',
      [6, 1, 3, 3],
      [node('Conv', ['x', 'w'], ['y'], attribute('group', [3, 6], [20, 2]))],
      { roleHint: 'depthwise-conv', axes: { output: [0], input: [], kernel: [2, 3], groups: 6 } },
    ],
    [
      'Conv behind a Cast',
      [6, 2, 3],
      [node('Cast', ['w'], ['c']), node('Conv', ['x', 'c'], ['y'])],
      { roleHint: 'conv', axes: { output: [0], input: [1], kernel: [2] } },
    ],
    [
      'ConvTranspose',
      [6, 2, 3, 3],
      [node('ConvTranspose', ['x', 'w'], ['y'])],
      { roleHint: 'transposed-conv', axes: { output: [1], input: [0], kernel: [2, 3] } },
    ],
    [
      'LSTM',
      [1, 8, 3],
      [node('LSTM', ['x', 'w'], ['y'])],
      { roleHint: 'recurrent', axes: { output: [0, 1], input: [2] } },
    ],
    [
      'Gather',
      [9, 4],
      [node('Gather', ['w', 'ids'], ['y'])],
      { roleHint: 'embedding', axes: { output: [0], input: [1] } },
    ],
    [
      'an embedding that is tied to the output',
      [9, 4],
      [node('Gather', ['w', 'ids'], ['e']), node('Transpose', ['w'], ['t']), node('MatMul', ['e', 't'], ['y'])],
      { roleHint: 'linear', axes: { output: [0], input: [1] } },
    ],
    [
      'BatchNormalization',
      [4],
      [node('BatchNormalization', ['x', 'w'], ['y'])],
      { roleHint: 'norm', axes: { output: [], input: [] } },
    ],
    ['a bias', [4], [node('MatMul', ['x', 'z'], ['m']), node('Add', ['m', 'w'], ['y'])], { roleHint: 'bias' }],
    [
      'a permutation that is none',
      [5, 3],
      [node('Transpose', ['w'], ['t'], attribute('perm', [8, 0], [8, 0], [20, 7])), node('MatMul', ['x', 't'], ['y'])],
      { elements: 15 },
    ],
  ])('%s', async (_, shape, operators, expected) => {
    const checkpoint = await open(model([...nodes(...operators), ...initializers(weight(shape))]));
    expect(checkpoint.tensors[0]).toMatchObject(expected);
  });
});

describe('sparse tensors', () => {
  const sparse = (
    indices: Uint8Array,
    shape: number[] = [2, 3],
    values = tensor('s', FLOAT, [2], raw(floats(5, 6))),
  ): Field => [15, message([1, values], [2, indices], ...shape.map((length): Field => [3, length]))];

  test('places by number and by coordinates', async () => {
    const checkpoint = await open(
      model([
        sparse(tensor('i', INT64, [2], raw(longs(1, 5)))),
        sparse(tensor('i', INT64, [2, 2], raw(longs(0, 2, 1, 0))), [2, 3], tensor('t', FLOAT, [2], raw(floats(7, 8)))),
      ]),
    );
    expect([...(await readAll(checkpoint.tensors[0]!))]).toEqual([0, 5, 0, 0, 0, 6]);
    expect([...(await readAll(checkpoint.tensors[1]!))]).toEqual([0, 0, 7, 8, 0, 0]);
    expect(checkpoint.tensors[0]).toMatchObject({ storage: 'F32 sparse', bytes: 24, elements: 6 });
  });

  test.each<[string, number[]]>([
    ['beyond the end', [1, 6]],
    ['backwards', [5, 1]],
    ['twice', [1, 1]],
    ['negative', [-1, 1]],
  ])('places %s are a fault of reading', async (_, places) => {
    const checkpoint = await open(model([sparse(tensor('i', INT64, [2], raw(longs(...places))))]));
    await expect(readAll(checkpoint.tensors[0]!)).rejects.toMatchObject({
      fault: { code: 'checkpoint/sparse-indices' },
    });
  });

  test('many are read chunk by chunk', async () => {
    const count = 30_000;
    const places = Array.from({ length: count }, (_, i) => 3 * i + (i % 2));
    const values = Array.from({ length: count }, (_, i) => i + 1);
    const checkpoint = await open(
      model([
        sparse(
          tensor('i', INT64, [count], raw(longs(...places))),
          [300, 300],
          tensor('s', FLOAT, [count], raw(floats(...values))),
        ),
      ]),
    );
    const [entry] = checkpoint.tensors;
    const whole = await readAll(entry!);
    expect(places.every((place, i) => whole[place] === values[i])).toBe(true);
    expect(whole.filter((value) => value !== 0)).toHaveLength(count);
    if (entry!.data.kind !== 'decoded') throw new Error(entry!.data.kind);
    for (let begin = 0; begin < 90_000; begin += 7_919)
      expect(await entry!.data.read(begin, 1_000)).toEqual(whole.slice(begin, begin + 1_000));
  });
});

describe('quantized weights', () => {
  test('a scale that is not there leaves the codes, with the zero point', async () => {
    const checkpoint = await open(
      model([
        ...nodes(node('MatMulInteger', ['x', 'w', '', 'z'], ['y'])),
        ...initializers(
          tensor('w', UINT8, [2, 2], raw(Uint8Array.of(3, 4, 5, 3))),
          tensor('z', UINT8, [], raw(Uint8Array.of(3))),
        ),
      ]),
    );
    expect([...(await readAll(checkpoint.tensors[0]!))]).toEqual([0, 1, 2, 0]);
    expect(checkpoint.tensors[0]).toMatchObject({ storage: 'uint8 affine', axes: { output: [1] } });
    expect(checkpoint.tensors[1]).toMatchObject({ roleHint: 'scale' });
  });

  test('scales that do not fit are left alone', async () => {
    const checkpoint = await open(
      model([
        ...nodes(node('DequantizeLinear', ['w', 's'], ['f'])),
        ...initializers(
          tensor('w', INT8, [2, 2], raw(Uint8Array.of(1, 2, 3, 4))),
          tensor('s', FLOAT, [3], raw(floats(1, 2, 3))),
        ),
      ]),
    );
    expect(checkpoint.tensors[0]).toMatchObject({ dtype: 'I8', storage: 'I8' });
  });

  test('blocks along an axis of which they are no divisor', async () => {
    const checkpoint = await open(
      model([
        ...nodes(
          node('DequantizeLinear', ['w', 's', 'z'], ['f'], attribute('axis', [3, 1]), attribute('block_size', [3, 2])),
        ),
        ...initializers(
          tensor('w', INT8, [2, 3], raw(Uint8Array.of(1, 2, 3, 4, 5, 6))),
          tensor('s', FLOAT, [2, 2], raw(floats(1, 10, 100, 1000))),
          tensor('z', INT8, [2, 2], raw(Uint8Array.of(0, 1, 0, 6))),
        ),
      ]),
    );
    expect([...(await readAll(checkpoint.tensors[0]!))]).toEqual([1, 2, 20, 400, 500, 0]);
    expect(checkpoint.tensors[0]!.storage).toBe('int8 affine, blocks of 2');
  });
});

test('tied weights point at the same bytes of an external file', async () => {
  const place = (name: string): Uint8Array =>
    tensor(
      name,
      FLOAT,
      [2],
      [13, message([1, 'location'], [2, 'w.bin'])],
      [13, message([1, 'offset'], [2, '4'])],
      [13, message([1, 'length'], [2, '8'])],
      [14, 1],
    );
  const checkpoint = await open(model(initializers(place('a'), place('b'))), new Map([['w.bin', floats(0, 1, 2)]]));
  expect(checkpoint.tensors.map(({ sharesStorageWith }) => sharesStorageWith)).toEqual([undefined, 'a']);
  expect([...(await readAll(checkpoint.tensors[1]!))]).toEqual([1, 2]);
  expect(checkpoint.files.map(({ name }) => name)).toEqual(['m.onnx', 'w.bin']);
});

test('one missing file is one finding, however many tensors it holds', async () => {
  const place = (name: string): Uint8Array =>
    tensor(name, FLOAT, [2], [13, message([1, 'location'], [2, 'gone.bin'])], [14, 1]);
  const checkpoint = await open(model(initializers(...Array.from({ length: 20 }, (_, i) => place(`t${i}`)))));
  expect(checkpoint.findings).toHaveLength(1);
  expect(checkpoint.tensors).toHaveLength(20);
});

test('two gigabytes of weights cost their structure', async () => {
  // A file that is mostly holes: twenty tensors of 100 MB, of which only the headers exist.
  const size = 100_000_000;
  const head = (name: string): Uint8Array => {
    const fields = message(...dims(25_000_000), [2, FLOAT], [8, name]);
    const rest = fields.length + 1 + 4 + size;
    return new Uint8Array([0x2a, ...length(rest), ...fields, 0x4a, ...length(size)]);
  };
  const heads = Array.from({ length: 20 }, (_, i) => head(`w${i}`));
  const graphBytes = heads.reduce((sum, bytes) => sum + bytes.length + size, 0);
  const begin = new Uint8Array([...message([1, 8]), 0x3a, ...length(graphBytes)]);
  const pieces: [number, Uint8Array][] = [[0, begin]];
  let at = begin.length;
  for (const bytes of heads) {
    pieces.push([at, bytes]);
    at += bytes.length + size;
  }
  let taken = 0;
  const source: ByteSource = {
    ...memorySource('m.onnx', begin),
    sizeBytes: at,
    async read(from, count) {
      taken += count;
      const out = new Uint8Array(count);
      for (const [offset, bytes] of pieces) {
        const skip = Math.max(0, from - offset);
        if (offset < from + count && offset + bytes.length > from)
          out.set(bytes.subarray(skip, from + count - offset), Math.max(0, offset - from));
      }
      return out;
    },
  };
  const checkpoint = await open(source);
  expect(checkpoint.tensors).toHaveLength(20);
  expect(checkpoint.tensors[19]).toMatchObject({ name: 'w19', bytes: size, data: { kind: 'raw', begin: at - size } });
  expect(taken).toBeLessThan(150_000);

  function length(value: number): number[] {
    const bytes: number[] = [];
    for (let rest = value; bytes.length < 4 || rest > 0; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
    bytes[bytes.length - 1]! &= 127;
    return bytes;
  }
});

test('a model without a name for its kind is told from a SavedModel', () => {
  expect(looksLikeOnnx(model([]))).toBe(true);
  expect(looksLikeOnnx(message([1, 3], [2, 'CNTK'], [3, '2.7'], [7, message()]))).toBe(true);
  // saved_model.pb: schema version 1, then a MetaGraphDef that begins with its info.
  expect(looksLikeOnnx(message([1, 1], [2, message([1, message([5, '2.15.0'])])]))).toBe(false);
  expect(looksLikeOnnx(new TextEncoder().encode('{"version": 1}'))).toBe(false);
  expect(looksLikeOnnx(new Uint8Array(0))).toBe(false);
});

test('aborting stops the reading', async () => {
  await expect(
    openCheckpoint(memorySource('m.onnx', model(initializers(tensor('w', FLOAT, [1], raw(floats(1)))))), {
      signal: AbortSignal.abort(),
    }),
  ).rejects.toThrow();
});
