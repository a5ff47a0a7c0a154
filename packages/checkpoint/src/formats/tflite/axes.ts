import type { Axes, Role } from '../../checkpoint.js';
import type { NamedTensor } from './entries.js';
import type { TfliteOperator } from './model.js';

interface Purpose {
  readonly role: Role;
  readonly axes?: Axes;
}

type Teller = (shape: readonly number[], operator: TfliteOperator, tensors: readonly NamedTensor[]) => Purpose | null;

const NO_AXES: Axes = { output: [], input: [], kernel: [] };
const as =
  (role: Role): Teller =>
  () => ({ role });
const bias = as('bias');
const constant = as('constant');

const shapeOf = (operator: TfliteOperator, input: number, tensors: readonly NamedTensor[]): readonly number[] =>
  tensors[operator.inputs[input] ?? -1]?.tensor.shape ?? [];

/** OHWI; fewer input channels than the image has mean groups. */
const convolution: Teller = (shape, operator, tensors) => {
  if (shape.length !== 4) return null;
  const channels = shapeOf(operator, 0, tensors)[3] ?? 0;
  const groups = shape[3]! > 0 && channels > shape[3]! && channels % shape[3]! === 0 ? channels / shape[3]! : 1;
  return { role: 'conv', axes: { output: [0], input: [3], kernel: [1, 2], ...(groups > 1 ? { groups } : {}) } };
};

/** 1HWC, where C counts input channels times the multiplier. */
const depthwise: Teller = (shape, operator, tensors) => {
  if (shape.length !== 4) return null;
  const groups = shapeOf(operator, 0, tensors)[3] ?? shape[3]!;
  return {
    role: 'depthwise-conv',
    axes: { output: [3], input: [], kernel: [1, 2], ...(groups > 1 ? { groups } : {}) },
  };
};

const matrix =
  (role: Role): Teller =>
  (shape) =>
    shape.length === 2 ? { role, axes: { output: [0], input: [1], kernel: [] } } : null;
const linear = matrix('linear');
const recurrent = matrix('recurrent');

const rightFactor = (transposed: boolean, shape: readonly number[]): Purpose | null =>
  shape.length < 2
    ? null
    : {
        role: 'linear',
        axes: {
          output: [shape.length - (transposed ? 2 : 1)],
          input: [shape.length - (transposed ? 1 : 2)],
          kernel: [],
        },
      };

const table: Teller = (shape, operator, tensors) => {
  const indices = tensors[operator.inputs[operator.operator === 'GATHER' ? 1 : 0] ?? -1];
  if (indices?.draft !== null && indices !== undefined) return null;
  if (shape.length !== 2 || (operator.attributes.axis ?? 0) !== 0) return null;
  return { role: 'embedding', axes: { output: [0], input: [1], kernel: [] } };
};

/** A vector added to something is a bias where it has one value for each channel. */
const summand: Teller = (shape) => (shape.filter((length) => length > 1).length === 1 ? { role: 'bias' } : null);

const repeat = (inputs: readonly number[], teller: Teller): Record<number, Teller> =>
  Object.fromEntries(inputs.map((input) => [input, teller]));

/** By operator: what each input is, by its index. Source: the kernels of TensorFlow Lite 2.21 and of MediaPipe (TransposeConvBias). */
const OPERATORS: Readonly<Record<string, Readonly<Record<number, Teller>>>> = {
  CONV_2D: { 1: convolution, 2: bias },
  DEPTHWISE_CONV_2D: { 1: depthwise, 2: bias },
  TRANSPOSE_CONV: {
    0: constant,
    1: (shape) =>
      shape.length === 4 ? { role: 'transposed-conv', axes: { output: [0], input: [3], kernel: [1, 2] } } : null,
    3: bias,
  },
  Convolution2DTransposeBias: {
    1: (shape) =>
      shape.length === 4 ? { role: 'transposed-conv', axes: { output: [0], input: [3], kernel: [1, 2] } } : null,
    2: bias,
  },
  CONV_3D: {
    1: (shape) => (shape.length === 5 ? { role: 'conv', axes: { output: [4], input: [3], kernel: [0, 1, 2] } } : null),
    2: bias,
  },
  CONV_3D_TRANSPOSE: {
    0: constant,
    1: (shape) =>
      shape.length === 5 ? { role: 'transposed-conv', axes: { output: [3], input: [4], kernel: [0, 1, 2] } } : null,
    3: bias,
  },
  FULLY_CONNECTED: { 1: linear, 2: bias },
  BATCH_MATMUL: {
    0: (shape, { attributes }) => rightFactor(attributes.adj_x !== true, shape),
    1: (shape, { attributes }) => rightFactor(attributes.adj_y === true, shape),
  },
  EMBEDDING_LOOKUP: { 1: table },
  GATHER: { 0: table, 1: as('index') },
  UNIDIRECTIONAL_SEQUENCE_LSTM: {
    ...repeat([1, 2, 3, 4, 5, 6, 7, 8, 16], recurrent),
    ...repeat([12, 13, 14, 15, 17], bias),
    ...repeat([20, 21, 22, 23], as('norm')),
  },
  LSTM: {
    ...repeat([1, 2, 3, 4, 5, 6, 7, 8, 16], recurrent),
    ...repeat([12, 13, 14, 15, 17], bias),
    ...repeat([20, 21, 22, 23], as('norm')),
  },
  BIDIRECTIONAL_SEQUENCE_LSTM: {
    ...repeat([1, 2, 3, 4, 5, 6, 7, 8, 16, 18, 19, 20, 21, 22, 23, 24, 25, 33], recurrent),
    ...repeat([12, 13, 14, 15, 17, 29, 30, 31, 32, 34], bias),
  },
  RNN: { 1: recurrent, 2: recurrent, 3: bias },
  UNIDIRECTIONAL_SEQUENCE_RNN: { 1: recurrent, 2: recurrent, 3: bias },
  BIDIRECTIONAL_SEQUENCE_RNN: { 1: recurrent, 2: recurrent, 3: bias, 5: recurrent, 6: recurrent, 7: bias },
  SVDF: { 1: linear, 2: recurrent, 3: bias },
  ADD: { 0: summand, 1: summand },
  SUB: { 1: summand },
  RESHAPE: { 1: constant },
  PAD: { 1: constant },
  PADV2: { 1: constant, 2: constant },
  MIRROR_PAD: { 1: constant },
  TRANSPOSE: { 1: constant },
  MEAN: { 1: constant },
  SUM: { 1: constant },
  REDUCE_MAX: { 1: constant },
  REDUCE_MIN: { 1: constant },
  REDUCE_PROD: { 1: constant },
  RESIZE_BILINEAR: { 1: constant },
  RESIZE_NEAREST_NEIGHBOR: { 1: constant },
  STRIDED_SLICE: { 1: constant, 2: constant, 3: constant },
  SLICE: { 1: constant, 2: constant },
  SPLIT: { 0: constant },
  SPLIT_V: { 1: constant, 2: constant },
  EXPAND_DIMS: { 1: constant },
  TILE: { 1: constant },
  ARG_MAX: { 1: constant },
  ARG_MIN: { 1: constant },
  FILL: { 0: constant, 1: constant },
  BROADCAST_TO: { 1: constant },
  TOPK_V2: { 1: constant },
  BATCH_TO_SPACE_ND: { 1: constant, 2: constant },
  SPACE_TO_BATCH_ND: { 1: constant, 2: constant },
  REVERSE_V2: { 1: constant },
  CUMSUM: { 1: constant },
};

/** Operators that pass a weight on: what takes their output takes the weight. */
const PASS_THROUGH = new Set(['DEQUANTIZE', 'DENSIFY', 'CAST', 'QUANTIZE']);

/** For each tensor of a subgraph the tensor with data behind it, perhaps through a conversion. */
export function seenThrough(
  tensors: readonly NamedTensor[],
  operators: readonly TfliteOperator[],
): (NamedTensor | null)[] {
  const seen = tensors.map((named) => (named.draft === null ? null : named));
  for (const { operator, inputs, outputs } of operators) {
    if (!PASS_THROUGH.has(operator)) continue;
    const from = seen[inputs[0] ?? -1];
    const to = outputs[0] ?? -1;
    if (from !== undefined && from !== null && seen[to] === null) seen[to] = from;
  }
  return seen;
}

/** Gives the weights of a subgraph the axes and roles that its operators state; the first operator decides. */
export function assignAxes(tensors: readonly NamedTensor[], operators: readonly TfliteOperator[]): void {
  const seen = seenThrough(tensors, operators);
  for (const operator of operators) {
    if (!Object.hasOwn(OPERATORS, operator.operator)) continue;
    const tellers = OPERATORS[operator.operator]!;
    for (const [index, input] of operator.inputs.entries()) {
      const draft = seen[input]?.draft;
      const purpose =
        draft === undefined || draft === null ? null : (tellers[index]?.(draft.shape, operator, tensors) ?? null);
      if (draft === undefined || draft === null || purpose === null) continue;
      if (draft.roleHint === undefined) draft.roleHint = purpose.role;
      if (draft.axes === undefined && purpose.axes !== undefined) draft.axes = purpose.axes;
    }
  }
  for (const { draft } of tensors)
    if (draft !== null && draft.axes === undefined && draft.shape.length < 2) draft.axes = NO_AXES;
}
