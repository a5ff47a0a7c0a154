import type { GraphNode } from '../../graph.js';
import type { KnownShape } from './nodeDef.js';

type Axis = number | null;
type Known = readonly Axis[];

/** Values of an input that is a small constant, counted from the end when negative. */
export type Constants = (index: number) => readonly number[] | undefined;

const SAME = new Set([
  'Abs',
  'BiasAdd',
  'BiasAddV1',
  'Cast',
  'Ceil',
  'Clip',
  'ClipByValue',
  'Elu',
  'EnsureShape',
  'Erf',
  'Exp',
  'Floor',
  'Identity',
  'LeakyRelu',
  'Log',
  'LogSoftmax',
  'Neg',
  'Prelu',
  'Relu',
  'Relu6',
  'Round',
  'Rsqrt',
  'Selu',
  'Sigmoid',
  'Sign',
  'Softmax',
  'Softplus',
  'Softsign',
  'Sqrt',
  'Square',
  'StopGradient',
  'Tanh',
  'ZerosLike',
  'OnesLike',
  'LRN',
  'Reciprocal',
  'Mish',
  'Swish',
  'FakeQuantWithMinMaxVars',
]);
const ELEMENTWISE = new Set([
  'Add',
  'AddV2',
  'Sub',
  'Mul',
  'Div',
  'RealDiv',
  'FloorDiv',
  'Maximum',
  'Minimum',
  'Pow',
  'SquaredDifference',
  'Greater',
  'GreaterEqual',
  'Less',
  'LessEqual',
  'Equal',
  'NotEqual',
  'LogicalAnd',
  'LogicalOr',
  'FloorMod',
  'DivNoNan',
  'AddN',
]);
const REDUCTIONS = new Set(['Mean', 'Sum', 'Max', 'Min', 'Prod', 'All', 'Any']);
const CONVOLUTIONS = new Set(['Conv2D', '_FusedConv2D', 'FusedConv2D', 'Conv3D', 'Conv1D']);
const DEPTHWISE = new Set([
  'DepthwiseConv2dNative',
  'FusedDepthwiseConv2dNative',
  '_FusedDepthwiseConv2dNative',
  'DepthwiseConv2d',
]);
const POOLS = new Set(['MaxPool', 'AvgPool', 'MaxPool3D', 'AvgPool3D']);
const MATRICES = new Set(['MatMul', '_FusedMatMul', 'FusedMatMul']);
const BATCHED = new Set(['BatchMatMul', 'BatchMatMulV2', 'BatchMatMulV3']);

/** What a weight says of the value that meets it: its channels. Only those of which nothing is known. */
export function inputShapes(node: GraphNode, inputs: readonly KnownShape[]): KnownShape[] {
  const weight = inputs[1] ?? null;
  const result: KnownShape[] = inputs.map(() => null);
  if (weight === null || (inputs[0] ?? null) !== null) return result;
  if (MATRICES.has(node.operator) && weight.length === 2) {
    const inner = weight[node.attributes.transpose_b === true ? 1 : 0]!;
    result[0] = node.attributes.transpose_a === true ? [inner, null] : [null, inner];
  } else if (CONVOLUTIONS.has(node.operator) || DEPTHWISE.has(node.operator)) {
    const shape = new Array<Axis>(weight.length).fill(null);
    // Grouped convolutions have fewer channels in the filter than in the input, so only depthwise ones are certain.
    if (DEPTHWISE.has(node.operator)) shape[channelAxis(node, weight.length)] = weight[weight.length - 2]!;
    result[0] = shape;
  }
  return result;
}

/** Shapes of the outputs as far as they follow from the inputs. Source: tensorflow/core/framework/common_shape_fns.cc. */
export function outputShapes(node: GraphNode, inputs: readonly KnownShape[], constants: Constants): KnownShape[] {
  if (node.operator === 'Split') return split(node, inputs[1] ?? null, constants(0));
  const shape = outputShape(node, inputs, constants);
  // Batch normalization and the like have further outputs of other shapes.
  return [shape];
}

function outputShape(node: GraphNode, inputs: readonly KnownShape[], constants: Constants): KnownShape {
  const x = inputs[0] ?? null;
  const weight = inputs[1] ?? null;
  const op = node.operator;
  if (SAME.has(op) || op.startsWith('FusedBatchNorm')) return x;
  if (ELEMENTWISE.has(op)) return broadcast(inputs);
  if (CONVOLUTIONS.has(op)) return weight === null ? null : convolved(node, x, weight, weight.at(-1)!);
  if (DEPTHWISE.has(op))
    return weight === null ? null : convolved(node, x, weight, times(weight.at(-2)!, weight.at(-1)!));
  if (POOLS.has(op)) return pooled(node, x);
  if (MATRICES.has(op))
    return matrix(x, weight, node.attributes.transpose_a === true, node.attributes.transpose_b === true);
  if (BATCHED.has(op)) return matrix(x, weight, node.attributes.adj_x === true, node.attributes.adj_y === true);
  if (REDUCTIONS.has(op)) return reduced(node, x, constants(1));
  switch (op) {
    case 'Reshape':
      return reshaped(x, weight, constants(1));
    case 'Pad':
    case 'PadV2':
    case 'MirrorPad':
      return padded(x, constants(1));
    case 'Transpose':
      return permuted(x, constants(1));
    case 'ConcatV2':
      return concatenated(inputs.slice(0, -1), constants(-1)?.[0]);
    case 'Squeeze':
      return squeezed(node, x);
    case 'ExpandDims':
      return expanded(x, constants(1)?.[0]);
    case 'Pack':
      return packed(node, inputs);
    case 'ResizeBilinear':
    case 'ResizeNearestNeighbor':
      return resized(x, constants(1));
    case 'Conv2DBackpropInput':
    case 'Conv3DBackpropInputV2':
      return deconvolved(node, inputs, constants(0));
    case 'GatherV2':
      return gathered(x, weight, constants(2)?.[0]);
    case 'Tile':
      return tiled(x, constants(1));
    case 'ArgMax':
    case 'ArgMin':
      return reduced({ ...node, attributes: {} }, x, constants(1));
    case 'Shape':
      return x === null ? null : [x.length];
    case 'DepthToSpace':
      return moved(node, x, true);
    case 'SpaceToDepth':
      return moved(node, x, false);
    default:
      return null;
  }
}

const isChannelsFirst = (node: GraphNode): boolean =>
  String(node.attributes.data_format ?? node.attributes.dataFormat ?? '')
    .toUpperCase()
    .startsWith('NC');
const channelAxis = (node: GraphNode, rank: number): number => (isChannelsFirst(node) ? 1 : rank - 1);
const spatialBegin = (node: GraphNode): number => (isChannelsFirst(node) ? 2 : 1);
const times = (a: Axis, b: Axis): Axis => (a === null || b === null ? null : a * b);

const numbers = (value: unknown): readonly number[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'number') ? value : [];

/** Positions of a window of `reach` along an axis. */
function windows(node: GraphNode, length: Axis, reach: number, stride: number, axis: number): Axis {
  if (length === null || !(stride > 0)) return null;
  switch (String(node.attributes.padding ?? '').toUpperCase()) {
    case 'SAME':
      return Math.ceil(length / stride);
    case 'VALID':
      return Math.max(0, Math.ceil((length - reach + 1) / stride));
    case 'EXPLICIT': {
      const pads = numbers(node.attributes.explicit_paddings);
      return Math.max(0, Math.floor((length + (pads[2 * axis] ?? 0) + (pads[2 * axis + 1] ?? 0) - reach) / stride) + 1);
    }
    default:
      return null;
  }
}

function convolved(node: GraphNode, x: KnownShape, weight: Known, channels: Axis): KnownShape {
  const rank = weight.length;
  if (rank < 3 || (x !== null && x.length !== rank)) return null;
  const strides = numbers(node.attributes.strides);
  const dilations = numbers(node.attributes.dilations);
  const first = spatialBegin(node);
  return Array.from({ length: rank }, (_, axis): Axis => {
    if (axis === channelAxis(node, rank)) return channels;
    if (axis === 0) return x?.[0] ?? null;
    const kernel = weight[axis - first];
    if (kernel === undefined || kernel === null) return null;
    return windows(node, x?.[axis] ?? null, (kernel - 1) * (dilations[axis] ?? 1) + 1, strides[axis] ?? 1, axis);
  });
}

function pooled(node: GraphNode, x: KnownShape): KnownShape {
  const sizes = numbers(node.attributes.ksize);
  const strides = numbers(node.attributes.strides);
  return (
    x?.map((length, axis) =>
      sizes[axis] === 1 && strides[axis] === 1
        ? length
        : windows(node, length, sizes[axis] ?? 1, strides[axis] ?? 1, axis),
    ) ?? null
  );
}

function matrix(a: KnownShape, b: KnownShape, transposeA: boolean, transposeB: boolean): KnownShape {
  if (a === null || b === null || a.length < 2 || b.length < 2) return null;
  const batch = broadcast([a.slice(0, -2), b.slice(0, -2)]);
  return batch === null ? null : [...batch, a.at(transposeA ? -1 : -2)!, b.at(transposeB ? -2 : -1)!];
}

/** Trailing axes are matched; axes of length 1 stretch. */
export function broadcast(inputs: readonly KnownShape[]): KnownShape {
  if (inputs.length === 0 || inputs.some((shape) => shape === null)) return null;
  const rank = inputs.reduce((most, shape) => Math.max(most, shape!.length), 0);
  return Array.from({ length: rank }, (_, axis): Axis => {
    let length: Axis = 1;
    for (const shape of inputs) {
      const at = axis - (rank - shape!.length);
      const mine = at < 0 ? 1 : shape![at]!;
      if (mine === 1) continue;
      // A known length decides against an unknown one, which has to be the same or 1.
      if (length === 1 || length === null) length = mine;
    }
    return length;
  });
}

const fromEnd = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);

function reduced(node: GraphNode, x: KnownShape, stated: readonly number[] | undefined): KnownShape {
  if (x === null || stated === undefined) return null;
  const axes = new Set(stated.map((axis) => fromEnd(axis, x.length)));
  if (node.attributes.keep_dims === true || node.attributes.keepDims === true)
    return x.map((length, axis) => (axes.has(axis) ? 1 : length));
  return x.filter((_, axis) => !axes.has(axis));
}

function reshaped(x: KnownShape, target: KnownShape, sizes: readonly number[] | undefined): KnownShape {
  if (sizes === undefined) {
    const rank = target?.length === 1 ? target[0]! : null;
    return rank === null || rank > 32 ? null : new Array<Axis>(rank).fill(null);
  }
  const total = x?.reduce<Axis>(times, 1) ?? null;
  const known = sizes.filter((size) => size >= 0).reduce((product, size) => product * size, 1);
  return sizes.map((size) => (size >= 0 ? size : total === null || known === 0 ? null : total / known));
}

function padded(x: KnownShape, pads: readonly number[] | undefined): KnownShape {
  if (x === null || pads === undefined || pads.length !== 2 * x.length) return null;
  return x.map((length, axis) => (length === null ? null : length + pads[2 * axis]! + pads[2 * axis + 1]!));
}

function permuted(x: KnownShape, order: readonly number[] | undefined): KnownShape {
  if (x === null || order === undefined || order.length !== x.length) return null;
  return order.map((axis) => x[fromEnd(axis, x.length)] ?? null);
}

function concatenated(inputs: readonly KnownShape[], stated: number | undefined): KnownShape {
  const first = inputs[0] ?? null;
  if (first === null || stated === undefined || inputs.some((shape) => shape === null || shape.length !== first.length))
    return null;
  const at = fromEnd(stated, first.length);
  return first.map((length, axis) => {
    if (axis !== at) return inputs.find((shape) => shape![axis] !== null)?.[axis] ?? length;
    return inputs.reduce<Axis>((sum, shape) => (sum === null || shape![axis] === null ? null : sum + shape![axis]!), 0);
  });
}

function squeezed(node: GraphNode, x: KnownShape): KnownShape {
  if (x === null) return null;
  const stated = numbers(node.attributes.squeeze_dims ?? node.attributes.axis).map((axis) => fromEnd(axis, x.length));
  if (stated.length === 0) return x.includes(null) ? null : x.filter((length) => length !== 1);
  return x.filter((_, axis) => !stated.includes(axis));
}

function expanded(x: KnownShape, axis: number | undefined): KnownShape {
  if (x === null || axis === undefined) return null;
  const at = axis < 0 ? axis + x.length + 1 : axis;
  return [...x.slice(0, at), 1, ...x.slice(at)];
}

function packed(node: GraphNode, inputs: readonly KnownShape[]): KnownShape {
  const first = inputs[0] ?? null;
  const axis = node.attributes.axis;
  if (first === null) return null;
  const at = fromEnd(typeof axis === 'number' ? axis : 0, first.length + 1);
  return [...first.slice(0, at), inputs.length, ...first.slice(at)];
}

function resized(x: KnownShape, size: readonly number[] | undefined): KnownShape {
  if (x === null || x.length !== 4) return null;
  return [x[0]!, size?.[0] ?? null, size?.[1] ?? null, x[3]!];
}

/** The output's size is an input; where it is computed, it follows from the strides. */
function deconvolved(node: GraphNode, inputs: readonly KnownShape[], size: readonly number[] | undefined): KnownShape {
  const weight = inputs[1] ?? null;
  const y = inputs[2] ?? null;
  if (size !== undefined && size.length > 2) return size.map((length) => (length < 0 ? null : length));
  if (weight === null || y === null || y.length !== weight.length) return null;
  const strides = numbers(node.attributes.strides);
  const first = spatialBegin(node);
  const same = String(node.attributes.padding).toUpperCase() === 'SAME';
  return y.map((length, axis): Axis => {
    if (axis === 0) return length;
    if (axis === channelAxis(node, y.length)) return weight.at(-2)!;
    const kernel = weight[axis - first] ?? null;
    const stride = strides[axis] ?? 1;
    if (length === null || kernel === null) return null;
    return same ? length * stride : length * stride + Math.max(kernel - stride, 0);
  });
}

function gathered(x: KnownShape, indices: KnownShape, axis: number | undefined): KnownShape {
  if (x === null || indices === null || axis === undefined) return null;
  const at = fromEnd(axis, x.length);
  return [...x.slice(0, at), ...indices, ...x.slice(at + 1)];
}

function tiled(x: KnownShape, times_: readonly number[] | undefined): KnownShape {
  if (x === null || times_ === undefined || times_.length !== x.length) return null;
  return x.map((length, axis) => times(length, times_[axis]!));
}

function split(node: GraphNode, x: KnownShape, axis: readonly number[] | undefined): KnownShape[] {
  const count = Number(node.attributes.num_split ?? node.outputs.length);
  if (x === null || axis?.[0] === undefined || !(count > 0)) return [];
  const at = fromEnd(axis[0], x.length);
  const shape = x.map((length, index) => (index === at && length !== null ? length / count : length));
  return node.outputs.map(() => shape);
}

function moved(node: GraphNode, x: KnownShape, toSpace: boolean): KnownShape {
  const block = Number(node.attributes.block_size);
  if (x === null || x.length !== 4 || !(block > 0) || isChannelsFirst(node)) return null;
  const scale = toSpace ? block : 1 / block;
  const [n, h, w, c] = x as [Axis, Axis, Axis, Axis];
  return [n, times(h, scale), times(w, scale), c === null ? null : c / (scale * scale)];
}
