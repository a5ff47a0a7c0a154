import type { Axes, Graph, GraphNode, Role } from '@espalier/checkpoint';
import { type Convention, conventionalAxes, type WeightKind } from './convention.js';

/** What the operator that consumes a tensor says of it. */
export interface GraphRole {
  readonly role: Role;
  readonly axes?: Axes;
  /** Name of the node that uses it. */
  readonly operator: string;
}

/** Role and axes of every tensor that a node of the graph uses as a weight. The first user decides. */
export function rolesFromGraph(graph: Graph, convention: Convention): ReadonlyMap<string, GraphRole> {
  const roles = new Map<string, GraphRole>();
  const origins = originsOf(graph);
  for (const node of graph.nodes) {
    if (PASSING.has(node.operator) || node.operator === 'Transpose') continue;
    node.inputs.forEach((input, position) => {
      const origin = origins.get(input);
      if (origin === undefined || roles.has(origin.tensor)) return;
      const found = roleOfInput(node, position, origin.shape, convention);
      if (found === undefined) return;
      const { axes, ...rest } = found;
      const placed = axes === undefined ? undefined : throughPermutation(axes, origin.permutation);
      roles.set(origin.tensor, { ...rest, ...(placed === undefined ? {} : { axes: placed }), operator: node.name });
    });
  }
  return roles;
}

/** A value that is a tensor of the checkpoint, perhaps converted or transposed on the way. */
interface Origin {
  readonly tensor: string;
  /** Shape of the value, after the transposition. */
  readonly shape: readonly (number | null)[] | null;
  /** Axis i of the value is axis `permutation[i]` of the tensor; null: the same axes. */
  readonly permutation: readonly number[] | null;
}

/** Operators that hand on a weight in another type but with the same axes. */
const PASSING: ReadonlySet<string> = new Set([
  'DequantizeLinear',
  'QuantizeLinear',
  'Identity',
  'Cast',
  'ReadVariableOp',
  'DEQUANTIZE',
  'QUANTIZE',
  'CAST',
]);

function originsOf(graph: Graph): ReadonlyMap<string, Origin> {
  const origins = new Map<string, Origin>();
  for (const [name, { tensor, shape }] of graph.values) {
    if (tensor !== undefined) origins.set(name, { tensor, shape, permutation: null });
  }
  for (const node of graph.nodes) {
    const from = origins.get(node.inputs[0] ?? '');
    const to = node.outputs[0];
    if (from === undefined || to === undefined || origins.has(to)) continue;
    if (PASSING.has(node.operator)) origins.set(to, from);
    const order = node.operator === 'Transpose' ? node.attributes.perm : undefined;
    if (isPermutation(order, from.shape?.length)) {
      origins.set(to, {
        tensor: from.tensor,
        shape: order.map((axis) => from.shape![axis]!),
        permutation: order.map((axis) => from.permutation?.[axis] ?? axis),
      });
    }
  }
  return origins;
}

const isPermutation = (order: unknown, rank: number | undefined): order is number[] =>
  Array.isArray(order) &&
  order.length === rank &&
  new Set(order).size === rank &&
  order.every((axis) => Number.isInteger(axis) && axis >= 0 && axis < order.length);

function throughPermutation(axes: Axes, permutation: readonly number[] | null): Axes {
  if (permutation === null) return axes;
  const moved = (list: readonly number[]): number[] => list.map((axis) => permutation[axis]!);
  return { ...axes, output: moved(axes.output), input: moved(axes.input), kernel: moved(axes.kernel) };
}

type Known = Omit<GraphRole, 'operator'>;

/** What input number `position` of a node is. Operator names of ONNX, TFLite, TensorFlow and Keras. */
function roleOfInput(
  node: GraphNode,
  position: number,
  shape: readonly (number | null)[] | null,
  convention: Convention,
): Known | undefined {
  const rank = shape?.length ?? 0;
  const weight = (kind: WeightKind, groups = 1): Known => {
    const axes = conventionalAxes(kind, convention, rank);
    return axes === undefined ? { role: kind } : { role: kind, axes: groups === 1 ? axes : { ...axes, groups } };
  };
  switch (node.operator) {
    case 'Conv':
    case 'ConvInteger':
    case 'QLinearConv':
    case 'FusedConv': {
      if (position === (node.operator === 'QLinearConv' ? 3 : 1)) return onnxConv(node, shape);
      return position === 2 && node.operator !== 'QLinearConv' ? { role: 'bias' } : undefined;
    }
    case 'ConvTranspose':
      if (position === 1) return weight('transposed-conv', numberOf(node, 'group', 1));
      return position === 2 ? { role: 'bias' } : undefined;
    case 'CONV_2D':
    case 'CONV_3D':
      if (position === 1) return weight('conv');
      return position === 2 ? { role: 'bias' } : undefined;
    case 'DEPTHWISE_CONV_2D':
      if (position === 1) return weight('depthwise-conv');
      return position === 2 ? { role: 'bias' } : undefined;
    case 'TRANSPOSE_CONV':
      if (position === 1) return weight('transposed-conv');
      return position === 3 ? { role: 'bias' } : undefined;
    case 'FULLY_CONNECTED':
      if (position === 1) return weight('linear');
      return position === 2 ? { role: 'bias' } : undefined;
    case 'Conv2D':
    case 'Conv1D':
    case 'Conv3D':
    case '_FusedConv2D':
    case 'FusedConv2D':
      if (position === 1) return weight('conv');
      return position === 2 ? { role: 'bias' } : undefined;
    case 'DepthwiseConv2dNative':
    case 'DepthwiseConv2d':
    case 'DepthwiseConv2D':
    case 'FusedDepthwiseConv2dNative':
      if (position === 1) return weight('depthwise-conv');
      return position === 2 ? { role: 'bias' } : undefined;
    case 'Conv2DBackpropInput':
      return position === 1 ? weight('transposed-conv') : undefined;
    case 'Gemm':
    case 'FusedGemm':
      return gemm(node, position);
    case 'MatMul':
    case 'BatchMatMul':
    case 'BatchMatMulV2':
    case 'BATCH_MATMUL':
    case 'MatMulInteger':
    case 'QLinearMatMul':
    case '_FusedMatMul':
    case 'FusedMatMul':
      return matMul(node, position, rank);
    case 'Dense':
      if (position === 1) return weight('linear');
      return position === 2 ? { role: 'bias' } : undefined;
    case 'Gather':
    case 'GatherV2':
    case 'ResourceGather':
    case 'GATHER':
      // Looking up rows of a float matrix is an embedding; of a vector it is picking an index.
      return position === 0 && rank === 2 && numberOf(node, 'axis', 0) === 0 ? weight('embedding') : undefined;
    case 'EMBEDDING_LOOKUP':
    case 'Embedding':
      return position === 1 ? weight('embedding') : undefined;
    case 'LSTM':
    case 'GRU':
    case 'RNN':
      if (position === 1 || position === 2)
        return { role: 'recurrent', ...(rank === 3 ? { axes: RECURRENT_AXES } : {}) };
      return position === 3 ? { role: 'bias' } : undefined;
    case 'BatchNormalization':
    case 'FusedBatchNorm':
    case 'FusedBatchNormV3':
      if (position === 1 || position === 2) return { role: 'norm' };
      return position > 2 ? { role: 'statistic' } : undefined;
    case 'LayerNormalization':
    case 'InstanceNormalization':
    case 'GroupNormalization':
    case 'SimplifiedLayerNormalization':
      return position > 0 ? { role: 'norm' } : undefined;
    case 'BiasAdd':
      return position === 1 ? { role: 'bias' } : undefined;
    case 'Reshape':
    case 'Slice':
    case 'Expand':
    case 'Tile':
    case 'Pad':
    case 'Unsqueeze':
    case 'Squeeze':
    case 'Resize':
    case 'ConstantOfShape':
    case 'RESHAPE':
    case 'PAD':
    case 'STRIDED_SLICE':
    case 'TRANSPOSE':
    case 'MEAN':
    case 'RESIZE_BILINEAR':
    case 'StridedSlice':
    case 'Transpose':
    case 'Mean':
      return position > 0 ? { role: 'constant' } : undefined;
    default:
      return undefined;
  }
}

/** [directions, gates × hidden, input]: ONNX LSTM, GRU and RNN. */
const RECURRENT_AXES: Axes = { output: [0, 1], input: [2], kernel: [] };

const numberOf = (node: GraphNode, name: string, otherwise: number): number => {
  const value = node.attributes[name];
  return typeof value === 'number' ? value : otherwise;
};

const isSet = (node: GraphNode, ...names: string[]): boolean =>
  names.some((name) => node.attributes[name] === true || node.attributes[name] === 1);

/** ONNX Conv: W is [M, C / group, k…]. Depthwise where every group has one input channel and there is more than one group. */
function onnxConv(node: GraphNode, shape: readonly (number | null)[] | null): Known {
  const groups = numberOf(node, 'group', 1);
  const rank = shape?.length ?? 0;
  const kernel = Array.from({ length: Math.max(0, rank - 2) }, (_, i) => i + 2);
  if (groups > 1 && shape?.[1] === 1)
    return { role: 'depthwise-conv', axes: { output: [0], input: [], kernel, groups } };
  return { role: 'conv', axes: { output: [0], input: [1], kernel, ...(groups > 1 ? { groups } : {}) } };
}

/** Gemm: Y = A' · B' + C. Usually B is the weight, [I, O] or, with transB, [O, I]. */
function gemm(node: GraphNode, position: number): Known | undefined {
  if (position === 1) {
    const transposed = isSet(node, 'transB');
    return { role: 'linear', axes: { output: [transposed ? 0 : 1], input: [transposed ? 1 : 0], kernel: [] } };
  }
  if (position === 0) {
    // The weight stands on the left: rows of A' are outputs.
    const transposed = isSet(node, 'transA');
    return { role: 'linear', axes: { output: [transposed ? 1 : 0], input: [transposed ? 0 : 1], kernel: [] } };
  }
  return position === 2 ? { role: 'bias' } : undefined;
}

function matMul(node: GraphNode, position: number, rank: number): Known | undefined {
  const right = node.operator === 'QLinearMatMul' ? 3 : 1;
  if (rank < 2 || (position !== 0 && position !== right)) return undefined;
  const onRight = position === right;
  const transposed = onRight
    ? isSet(node, 'transB', 'transpose_b', 'transposeB', 'adj_y')
    : isSet(node, 'transA', 'transpose_a', 'transposeA', 'adj_x');
  // Right factor [I, O], left factor [O, I]; a transposition swaps them.
  const last = onRight !== transposed;
  return {
    role: 'linear',
    axes: { output: [last ? rank - 1 : rank - 2], input: [last ? rank - 2 : rank - 1], kernel: [] },
  };
}
