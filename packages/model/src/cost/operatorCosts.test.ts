import type { Dialect, Graph, GraphNode, GraphValue, Role } from '@espalier/checkpoint';
import { describe, expect, test } from 'vitest';
import type { TensorHead } from '../head.js';
import type { OperatorCost } from '../operatorCost.js';
import { operatorCosts } from './operatorCosts.js';
import { totalCost } from './totalCost.js';

type Shape = GraphValue['shape'];
type Extra = Omit<Partial<GraphNode>, 'name' | 'operator' | 'inputs' | 'outputs'>;

/** `a, b = Split(x, sizes)` with attributes, a path or bodies. The node is called as its first output. */
function node(line: string, extra: Extra = {}): GraphNode {
  const [, outputs, operator, inputs] = /^(.*?) = (.+?)\((.*)\)$/.exec(line)!;
  const names = outputs!.split(', ');
  return {
    name: names[0]!,
    operator: operator!,
    inputs: inputs === '' ? [] : inputs!.split(', '),
    outputs: names,
    attributes: {},
    ...extra,
  };
}

interface Parts {
  readonly inputs: Readonly<Record<string, Shape | GraphValue>>;
  readonly weights?: Readonly<Record<string, readonly number[]>>;
  readonly constants?: Readonly<Record<string, readonly number[]>>;
  readonly nodes: readonly GraphNode[];
  readonly dialect?: Dialect | 'none';
}

function costsOf({ inputs, weights = {}, constants = {}, nodes, dialect = 'onnx' }: Parts): OperatorCost[] {
  const values = new Map<string, GraphValue>();
  for (const [name, given] of Object.entries(inputs))
    values.set(name, given !== null && 'shape' in given ? given : { shape: given as Shape });
  for (const [name, shape] of Object.entries(weights)) values.set(name, { shape, tensor: name, dtype: 'F32' });
  for (const [name, constant] of Object.entries(constants))
    values.set(name, { shape: [constant.length], dtype: 'I64', constant });
  const graph: Graph = {
    nodes,
    values,
    inputs: Object.keys(inputs),
    outputs: [],
    ...(dialect === 'none' ? {} : { dialect }),
  };
  return operatorCosts(
    graph,
    Object.entries(weights).map(([name, shape]) => head(name, shape)),
  );
}

const head = (
  name: string,
  shape: readonly number[],
  role: Role = shape.length > 1 ? 'linear' : 'bias',
): TensorHead => ({
  name,
  dtype: 'F32',
  storage: 'F32',
  shape,
  elements: 1,
  bytes: 4,
  role,
  prunable: shape.length > 1,
  layer: name.replace(/\.\w+$/, ''),
  outputChannels: null,
  inputChannels: null,
  axes: { output: [], input: [], kernel: [], groups: 1 },
  description: '',
});

/** `Conv [1,8,6,6] 1234`, `?` for what is not known. */
const brief = ({ operator, outputShape, macs, unknown }: OperatorCost): string =>
  `${operator} ${JSON.stringify(outputShape)} ${macs ?? `? ${unknown}`}`;

describe('the batch', () => {
  const layer = [node('y = MatMul(x, fc.weight)')];
  const weights = { 'fc.weight': [4, 2] };

  test.each<[string, Shape | GraphValue, string]>([
    ['is 1 where the first axis is open', [null, 4], 'MatMul [1,2] 8'],
    ['stays what the file states', [7, 4], 'MatMul [7,2] 56'],
    [
      'is the axis that is called so',
      { shape: [null, null, 4], symbols: ['time', 'batch_size', null] },
      'MatMul [null,1,2] ? shape',
    ],
    [
      'is the first where no axis is called so',
      { shape: [null, null, 4], symbols: ['N0', 'time', null] },
      'MatMul [1,null,2] ? shape',
    ],
    ['is no other open axis', [null, null, 4], 'MatMul [1,null,2] ? shape'],
  ])('%s', (_, x, expected) =>
    expect(costsOf({ inputs: { x }, weights, nodes: layer }).map(brief)).toEqual([expected]),
  );

  test('has one length in all inputs that name it', () => {
    const costs = costsOf({
      inputs: {
        x: { shape: [null, 4], symbols: ['N', null] },
        state: { shape: [2, null, 4], symbols: [null, 'N', null] },
      },
      weights,
      nodes: [node('y = MatMul(state, fc.weight)')],
    });
    expect(costs.map(brief)).toEqual(['MatMul [2,1,2] 16']);
  });

  test('goes through a reshape that joins it with other axes', () => {
    const costs = costsOf({
      inputs: { x: [null, 7, 7, 64] },
      weights: { 'fc.weight': [64, 10] },
      constants: { sizes: [-1, 64] },
      nodes: [node('rows = Reshape(x, sizes)'), node('y = MatMul(rows, fc.weight)')],
    });
    expect(costs.map(brief)).toEqual(['Reshape [49,64] 0', 'MatMul [49,10] 31360']);
  });
});

describe('what is not known', () => {
  test('an operator of somebody else is unknown, and so is what follows from it', () => {
    const costs = costsOf({
      inputs: { x: [1, 4] },
      weights: { 'fc.weight': [4, 2] },
      nodes: [
        node('a = Twist(x)', { domain: 'example.com' }),
        node('b = Conv(x)', { domain: 'example.com' }),
        node('y = MatMul(a, fc.weight)'),
        node('z = Relu(y)'),
      ],
    });
    expect(costs.map(brief)).toEqual([
      'Twist null ? operator',
      'Conv null ? operator',
      'MatMul null ? shape',
      'Relu null 0',
    ]);
    expect(costs.map(({ activations, unknown }) => [activations, unknown])).toEqual([
      [null, 'operator'],
      [null, 'operator'],
      [null, 'shape'],
      [null, 'shape'],
    ]);
    expect(totalCost(costs)).toEqual({ operators: 4, macs: 0, unknown: 3, activations: 0 });
  });

  test('the shape that the file states stands in for one that is not inferred', () => {
    const costs = costsOf({
      inputs: { x: [1, 4], a: [1, 4] },
      weights: { 'fc.weight': [4, 2] },
      nodes: [node('a = Twist(x)'), node('y = MatMul(a, fc.weight)')],
    });
    expect(costs.map(brief)).toEqual(['Twist [1,4] ? operator', 'MatMul [1,2] 8']);
  });

  test('a graph of nobody knows what is all unknown', () =>
    expect(costsOf({ inputs: { x: [1] }, nodes: [node('y = Relu(x)')], dialect: 'none' }).map(brief)).toEqual([
      'Relu null ? operator',
    ]));

  test('a cost that is too large to be exact is none', () => {
    const costs = costsOf({
      inputs: { x: [2 ** 30, 2 ** 20] },
      weights: { w: [2 ** 20, 2 ** 10] },
      nodes: [node('y = MatMul(x, w)')],
    });
    expect(costs.map(brief)).toEqual([`MatMul [${2 ** 30},1024] ? shape`]);
  });
});

test('the layer is that of the first weight matrix, else of another parameter', () => {
  const costs = costsOf({
    inputs: { x: [1, 4] },
    weights: { 'fc.bias': [2], 'fc.weight': [4, 2], 'norm.scale': [4] },
    nodes: [node('a = Gemm(x, fc.weight, fc.bias)'), node('b = Mul(x, norm.scale)'), node('c = Relu(x)')],
  });
  expect(costs.map(({ layer }) => layer)).toEqual(['fc', 'norm', undefined]);
});

test('values that come later in the file are waited for', () => {
  const costs = costsOf({
    inputs: { x: [1, 4] },
    weights: { 'fc.weight': [4, 2] },
    nodes: [node('y = MatMul(a, fc.weight)'), node('a = Relu(x)')],
  });
  expect(costs.map(brief)).toEqual(['MatMul [1,2] 8', 'Relu [1,4] 0']);
});

test('sizes are computed with, as exporters do', () => {
  const costs = costsOf({
    inputs: { x: [null, 8, 6, 6] },
    constants: { zero: [0], minusOne: [-1] },
    nodes: [
      node('shape = Shape(x)'),
      node('first = Gather(shape, zero)'),
      node('sizes = Concat(first, minusOne)', { attributes: { axis: 0 } }),
      node('y = Reshape(x, sizes)'),
    ],
  });
  expect(costs.at(-1)!.outputShape).toEqual([1, 288]);
});

describe('branches', () => {
  const branch = (role: string, output: string) => ({ role, path: [`c/${role}`], inputs: [], outputs: [output] });
  const parts = (flag: GraphValue): Parts => ({
    inputs: { flag, x: [1, 4] },
    weights: { small: [4, 2], large: [4, 2], second: [2, 2] },
    nodes: [
      node('a = MatMul(x, small)', { path: ['c/then_branch'] }),
      node('b = MatMul(x, large)', { path: ['c/else_branch'] }),
      node('d = MatMul(b, second)', { path: ['c/else_branch'] }),
      node('c = If(flag)', { bodies: [branch('then_branch', 'a'), branch('else_branch', 'd')] }),
      node('y = Relu(c)'),
    ],
  });

  test('of two the costlier counts, and what both make is known', () => {
    const costs = costsOf(parts({ shape: [] }));
    expect(costs.map(brief)).toEqual([
      'MatMul [1,2] 8',
      'MatMul [1,2] 8',
      'MatMul [1,2] 4',
      'If [1,2] 0',
      'Relu [1,2] 0',
    ]);
    expect(costs.map(({ inTotal }) => inTotal)).toEqual([false, undefined, undefined, undefined, undefined]);
    expect(totalCost(costs)).toMatchObject({ operators: 4, macs: 12 });
    expect(costs[0]!.path).toEqual(['c/then_branch']);
  });

  test('a constant condition chooses', () => {
    const costs = costsOf(parts({ shape: [], constant: [1], dtype: 'BOOL' }));
    expect(costs.map(({ inTotal }) => inTotal)).toEqual([undefined, false, false, undefined, undefined]);
  });
});

describe('loops', () => {
  const body = {
    role: 'body',
    path: ['l/body'],
    inputs: ['round', 'go', 'state'],
    outputs: ['goesOn', 'next', 'slice'],
  };
  const parts = (more: Partial<Parts> & { limit: GraphValue; made?: string }): Parts => ({
    inputs: { limit: more.limit, x: [1, 4] },
    weights: { w: [4, 4] },
    nodes: [
      node('goesOn = Identity(go)', { path: ['l/body'] }),
      node(more.made ?? 'next = MatMul(state, w)', { path: ['l/body'], attributes: { axis: 0 } }),
      node('slice = Relu(next)', { path: ['l/body'] }),
      node('l, all = Loop(limit, , x)', { bodies: [body] }),
      node('y = Relu(all)'),
    ],
  });

  test('a body counts once for each round where their number is constant', () => {
    const costs = costsOf(parts({ limit: { shape: [], constant: [6], dtype: 'I64' } }));
    expect(costs.map(brief)).toEqual([
      'Identity [] 0',
      'MatMul [1,4] 96',
      'Relu [1,4] 0',
      'Loop [1,4] 0',
      'Relu [6,1,4] 0',
    ]);
    expect(costs[1]!.activations).toBe(4);
  });

  test('else its cost is unknown, while what costs nothing costs nothing in any number of rounds', () => {
    const costs = costsOf(parts({ limit: { shape: [] } }));
    expect(costs.map(brief)).toEqual([
      'Identity [] 0',
      'MatMul [1,4] ? trip count',
      'Relu [1,4] 0',
      'Loop [1,4] 0',
      'Relu [null,1,4] 0',
    ]);
  });

  test('a shape that grows from round to round is unknown along that axis', () => {
    const costs = costsOf(
      parts({ limit: { shape: [], constant: [6], dtype: 'I64' }, made: 'next = Concat(state, x)' }),
    );
    expect(costs.slice(1, 4).map(brief)).toEqual(['Concat [null,4] 0', 'Relu [null,4] 0', 'Loop [null,4] 0']);
  });

  test('a scan has as many rounds as its input has slices', () => {
    const costs = costsOf({
      inputs: { x: [5, 1, 4], start: [1, 4] },
      weights: { w: [4, 4] },
      nodes: [
        node('next = MatMul(step, w)', { path: ['s/body'] }),
        node('s, all = Scan(start, x)', {
          attributes: { num_scan_inputs: 1 },
          bodies: [{ role: 'body', path: ['s/body'], inputs: ['state', 'step'], outputs: ['next', 'next'] }],
        }),
        node('y = Relu(all)'),
      ],
    });
    expect(costs.map(brief)).toEqual(['MatMul [1,4] 80', 'Scan [1,4] 0', 'Relu [5,1,4] 0']);
  });

  test('the loops of TensorFlow have a number of rounds that is found at run time', () => {
    const costs = costsOf({
      dialect: 'tensorflow',
      inputs: { x: [1, 4] },
      weights: { w: [4, 4] },
      nodes: [
        node('m = MatMul(x, w)', { path: ['l/step'] }),
        node('e = Less(x, x)', { path: ['l/test'] }),
        node('l, l:1 = While(x, w)', {
          bodies: [
            { role: 'body', path: ['l/step'], inputs: [], outputs: ['m', 'w'] },
            { role: 'cond', path: ['l/test'], inputs: [], outputs: ['e'] },
          ],
        }),
        node('y = Relu(l)'),
      ],
    });
    expect(costs.map(brief)).toEqual(['MatMul [1,4] ? trip count', 'Less [1,4] 0', 'While [1,4] 0', 'Relu [1,4] 0']);
  });
});

test('calls that TensorFlow expanded in place are part of the graph, functions of ONNX are not', () => {
  const nodes = [node('a = MatMul(x, w)', { path: ['f'] })];
  const parts = { inputs: { x: [1, 4] }, weights: { w: [4, 4] }, nodes };
  expect(totalCost(costsOf({ ...parts, dialect: 'tensorflow' })).macs).toBe(16);
  expect(totalCost(costsOf(parts))).toMatchObject({ operators: 0, macs: 0 });
});

test('what TensorFlow hands on in bundles keeps its shapes, also where only a later one is read', () => {
  const costs = costsOf({
    dialect: 'tensorflow',
    inputs: { a: [null, 4], b: [2, 3] },
    nodes: [node('n:1 = IdentityN(a, b)'), node('m, m:1 = IdentityN(a, b)'), node('y = Relu(m)')],
  });
  expect(costs.map(brief)).toEqual(['IdentityN [2,3] 0', 'IdentityN [1,4] 0', 'Relu [1,4] 0']);
  expect(costs[1]!.activations).toBe(10);
});

describe('operators', () => {
  test.each<[string, Parts, string]>([
    [
      'a convolution in groups',
      {
        inputs: { x: [1, 8, 9, 9] },
        weights: { w: [16, 2, 3, 3] },
        nodes: [node('y = Conv(x, w)', { attributes: { group: 4, strides: [2, 2], pads: [1, 1, 1, 1] } })],
      },
      `Conv [1,16,5,5] ${16 * 25 * 2 * 9}`,
    ],
    [
      'a transposed one in groups',
      {
        inputs: { x: [1, 8, 4, 4] },
        weights: { w: [8, 3, 2, 2] },
        nodes: [node('y = ConvTranspose(x, w)', { attributes: { group: 2, strides: [2, 2] } })],
      },
      `ConvTranspose [1,6,8,8] ${8 * 16 * 3 * 4}`,
    ],
    [
      'an LSTM in both directions',
      {
        inputs: { x: [7, 2, 5] },
        weights: { w: [2, 12, 5], r: [2, 12, 3] },
        nodes: [node('y = LSTM(x, w, r)', { attributes: { hidden_size: 3, direction: 'bidirectional' } })],
      },
      `LSTM [7,2,2,3] ${7 * 2 * 2 * 12 * 8}`,
    ],
    [
      'attention over longer keys',
      { inputs: { q: [1, 2, 5, 8], k: [1, 2, 9, 8], v: [1, 2, 9, 4] }, nodes: [node('y = Attention(q, k, v)')] },
      `Attention [1,2,5,4] ${2 * 5 * 9 * (8 + 4)}`,
    ],
    [
      'attention of grouped queries',
      {
        inputs: { q: [1, 5, 32], k: [1, 5, 8], v: [1, 5, 8] },
        nodes: [node('y = Attention(q, k, v)', { attributes: { q_num_heads: 8, kv_num_heads: 2 } })],
      },
      `Attention [1,5,32] ${8 * 5 * 5 * (4 + 4)}`,
    ],
    [
      'projected attention of ONNX Runtime',
      {
        inputs: { x: [1, 6, 16] },
        weights: { w: [16, 48] },
        nodes: [node('y = Attention(x, w)', { domain: 'com.microsoft', attributes: { num_heads: 4 } })],
      },
      `Attention [1,6,16] ${6 * 16 * 48 + 6 * 6 * 32}`,
    ],
    [
      'packed weights',
      {
        inputs: { x: [3, 64] },
        nodes: [node('y = MatMulNBits(x)', { domain: 'com.microsoft', attributes: { K: 64, N: 32 } })],
      },
      `MatMulNBits [3,32] ${3 * 64 * 32}`,
    ],
    [
      'an einsum with an ellipsis',
      {
        inputs: { a: [2, 3, 4, 5], b: [5, 6] },
        nodes: [node('y = Einsum(a, b)', { attributes: { equation: '...ij,jk->...ik' } })],
      },
      `Einsum [2,3,4,6] ${2 * 3 * 4 * 5 * 6}`,
    ],
    [
      'an einsum that sums nothing',
      {
        inputs: { a: [2, 3], b: [2, 3] },
        nodes: [node('y = Einsum(a, b)', { attributes: { equation: 'ij,ij->ij' } })],
      },
      'Einsum [2,3] 0',
    ],
    [
      'an einsum of three',
      {
        inputs: { a: [2, 3], b: [3, 4], c: [4, 5] },
        nodes: [node('y = Einsum(a, b, c)', { attributes: { equation: 'ij,jk,kl->il' } })],
      },
      'Einsum [2,5] ? einsum of more than two',
    ],
    [
      'a transform',
      { inputs: { x: [1, 16, 1] }, nodes: [node('y = DFT(x)', { attributes: { axis: 1 } })] },
      'DFT [1,16,2] ? operator',
    ],
    [
      'TFLite, rows of several axes',
      {
        dialect: 'tflite',
        inputs: { x: [2, 3, 8] },
        weights: { w: [4, 8] },
        nodes: [node('y = FULLY_CONNECTED(x, w)', { attributes: { keep_num_dims: true } })],
      },
      `FULLY_CONNECTED [2,3,4] ${6 * 32}`,
    ],
    [
      'TFLite, an LSTM',
      {
        dialect: 'tflite',
        inputs: { x: [1, 7, 5] },
        weights: { a: [3, 5], r: [3, 3] },
        nodes: [node('y = UNIDIRECTIONAL_SEQUENCE_LSTM(x, a, a, a, a, r, r, r, r)')],
      },
      `UNIDIRECTIONAL_SEQUENCE_LSTM [1,7,3] ${7 * 4 * (15 + 9)}`,
    ],
    [
      'TFLite, grouped',
      {
        dialect: 'tflite',
        inputs: { x: [1, 9, 9, 8] },
        weights: { w: [6, 3, 3, 4] },
        nodes: [node('y = CONV_2D(x, w)', { attributes: { padding: 'VALID', stride_h: 2, stride_w: 1 } })],
      },
      `CONV_2D [1,4,7,6] ${4 * 7 * 6 * 36}`,
    ],
  ])('%s', (_, parts, expected) => expect(brief(costsOf(parts).at(-1)!)).toBe(expected));
});
