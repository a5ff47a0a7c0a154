import type { Axes, Role } from '../../checkpoint.js';
import type { Graph, GraphNode } from '../../graph.js';

/** What the operator that reads a weight says of it. */
export interface WeightUse {
  readonly role?: Role;
  readonly axes?: Axes;
}

const axes = (output: number[], input: number[], kernel: number[]): Axes => ({ output, input, kernel });

/** Purpose and channel axes of every tensor that the graph reads; the first reader that knows decides. */
export function weightUses(graph: Graph): Map<string, WeightUse> {
  const uses = new Map<string, WeightUse>();
  for (const node of graph.nodes) {
    for (const [index, input] of node.inputs.entries()) {
      const value = graph.values.get(input);
      if (value?.tensor === undefined || value.shape === null || uses.has(value.tensor)) continue;
      const use = useOf(node, index, value.shape.length);
      if (use !== null) uses.set(value.tensor, use);
    }
  }
  return uses;
}

/** Layouts of TensorFlow: HWIO filters, HWIM depthwise filters, `[in, out]` matrices. Source: tf.nn and tf.raw_ops reference. */
function useOf(node: GraphNode, index: number, rank: number): WeightUse | null {
  switch (node.operator) {
    case 'Conv2D':
    case '_FusedConv2D':
    case 'FusedConv2D':
      if (index === 1 && rank === 4) return { role: 'conv', axes: axes([3], [2], [0, 1]) };
      return index >= 2 ? fusedUse(node, index - 2) : null;
    case 'DepthwiseConv2dNative':
    case 'FusedDepthwiseConv2dNative':
    case '_FusedDepthwiseConv2dNative':
    case 'DepthwiseConv2d':
      if (index === 1 && rank === 4) return { role: 'depthwise-conv', axes: axes([2, 3], [], [0, 1]) };
      return index >= 2 ? fusedUse(node, index - 2) : null;
    case 'Conv3D':
      return index === 1 && rank === 5 ? { role: 'conv', axes: axes([4], [3], [0, 1, 2]) } : null;
    case 'Conv1D':
      return index === 1 && rank === 3 ? { role: 'conv', axes: axes([2], [1], [0]) } : null;
    case 'Conv2DBackpropInput':
      return index === 1 && rank === 4 ? { role: 'transposed-conv', axes: axes([2], [3], [0, 1]) } : null;
    case 'Conv3DBackpropInputV2':
      return index === 1 && rank === 5 ? { role: 'transposed-conv', axes: axes([3], [4], [0, 1, 2]) } : null;
    case 'MatMul':
    case '_FusedMatMul':
    case 'FusedMatMul':
      if (index >= 2) return fusedUse(node, index - 2);
      return matrixUse(index, rank, node.attributes.transpose_a === true, node.attributes.transpose_b === true);
    case 'BatchMatMul':
    case 'BatchMatMulV2':
    case 'BatchMatMulV3':
      return matrixUse(index, rank, node.attributes.adj_x === true, node.attributes.adj_y === true);
    case 'Einsum':
      return einsumUse(node, index);
    case 'BiasAdd':
    case 'BiasAddV1':
      return index === 1 ? bias : null;
    case 'Add':
    case 'AddV2':
      return rank === 1 ? bias : null;
    case 'FusedBatchNorm':
    case 'FusedBatchNormV2':
    case 'FusedBatchNormV3':
      if (index === 1 || index === 2) return norm;
      return index === 3 || index === 4 ? statistic : null;
    case 'Gather':
    case 'GatherV2':
    case 'ResourceGather':
    case 'GatherNd':
    case 'SparseSegmentSum':
    case 'SparseSegmentMean':
    case 'SparseSegmentSqrtN':
      return index === 0 && rank === 2 ? { role: 'embedding' } : null;
    default:
      return null;
  }
}

const noChannels = axes([], [], []);
const bias: WeightUse = { role: 'bias', axes: noChannels };
const norm: WeightUse = { role: 'norm', axes: noChannels };
const statistic: WeightUse = { role: 'statistic', axes: noChannels };

/** Arguments of `fused_ops`, in order: `BiasAdd` takes one, `FusedBatchNorm` four. */
function fusedUse(node: GraphNode, argument: number): WeightUse | null {
  const fused = node.attributes.fused_ops;
  let next = 0;
  for (const op of Array.isArray(fused) ? fused : []) {
    if (op === 'BiasAdd' && argument === next++) return bias;
    if (op === 'FusedBatchNorm') {
      if (argument < next + 2 && argument >= next) return norm;
      if (argument < next + 4 && argument >= next) return statistic;
      next += 4;
    }
  }
  return null;
}

function matrixUse(index: number, rank: number, transposeA: boolean, transposeB: boolean): WeightUse | null {
  if (rank < 2 || index > 1) return null;
  const last = rank - 1;
  // The weight is B in y = x·B, or A in y = A·x: output channels are columns of B or rows of A.
  const outputLast = index === 1 ? !transposeB : transposeA;
  return { role: 'linear', axes: outputLast ? axes([last], [last - 1], []) : axes([last - 1], [last], []) };
}

/** `abc,cde->abde`: letters of the weight that the other operand has are summed over (inputs), the others are outputs. */
export function einsumAxes(equation: string, index: number): Axes | null {
  const [left, right] = equation.replaceAll(' ', '').split('->');
  const operands = left?.split(',') ?? [];
  if (right === undefined || operands.length !== 2 || index > 1 || equation.includes('.')) return null;
  const letters = [...operands[index]!];
  const other = operands[1 - index]!;
  const output = letters.flatMap((letter, axis) => (right.includes(letter) && !other.includes(letter) ? [axis] : []));
  const input = letters.flatMap((letter, axis) => (!right.includes(letter) && other.includes(letter) ? [axis] : []));
  return output.length === 0 ? null : axes(output, input, []);
}

function einsumUse(node: GraphNode, index: number): WeightUse | null {
  const equation = node.attributes.equation;
  const found = typeof equation === 'string' ? einsumAxes(equation, index) : null;
  return found === null ? null : { role: 'linear', axes: found };
}
