import type { Axes, Role } from '../../checkpoint.js';
import type { FoundNode } from './collect.js';
import type { Draft } from './entries.js';
import { intAttribute, type Links, type Seen } from './links.js';

/** What an operator says of one of its inputs. */
interface Purpose {
  readonly role: Role;
  /** Axes as the operator sees the tensor. */
  readonly axes?: Axes;
}

type Teller = (node: FoundNode, seen: readonly number[], links: Links) => Purpose | null;

const NO_AXES: Axes = { output: [], input: [], kernel: [] };
const from = (first: number, rank: number): number[] =>
  Array.from({ length: Math.max(0, rank - first) }, (_, i) => first + i);
const as =
  (role: Role): Teller =>
  () => ({ role });

/** Convolution: M × C/group × kernel (ONNX operators, `Conv`). */
const convolution: Teller = (node, shape) => {
  if (shape.length < 3) return null;
  const groups = intAttribute(node, 'group', 1);
  const depthwise = groups > 1 && shape[1] === 1;
  return {
    role: depthwise ? 'depthwise-conv' : 'conv',
    axes: {
      output: [0],
      input: depthwise ? [] : [1],
      kernel: from(2, shape.length),
      ...(groups > 1 ? { groups } : {}),
    },
  };
};

/** Transposed convolution: C × M/group × kernel (`ConvTranspose`). With groups, the channels of axis 1 belong to one group. */
const transposedConvolution: Teller = (node, shape) => {
  if (shape.length < 3) return null;
  const groups = intAttribute(node, 'group', 1);
  return {
    role: 'transposed-conv',
    axes: { output: [1], input: [0], kernel: from(2, shape.length), ...(groups > 1 ? { groups } : {}) },
  };
};

/** The right factor of a product: … × K × N, or … × N × K where it is transposed. Leading axes are batches. */
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

/** The left factor: … × M × K. */
const leftFactor = (transposed: boolean, shape: readonly number[]): Purpose | null => rightFactor(!transposed, shape);

const isSet = (node: FoundNode, name: string): boolean => intAttribute(node, name, 0) !== 0;

/** Directions × (gates · hidden) × input (`LSTM`, `GRU`, `RNN`). */
const recurrent: Teller = (_, shape) =>
  shape.length === 3 ? { role: 'recurrent', axes: { output: [0, 1], input: [2], kernel: [] } } : { role: 'recurrent' };

/** A table of vectors, one row for each token; rows count as output channels, as in the other formats. Stored indices are parameters of the operator. */
const table: Teller = (node, shape, links) => {
  if (shape.length !== 2 || links.tensor(node.inputs[1]) !== undefined) return { role: 'constant' };
  const axis = intAttribute(node, 'axis', 0);
  return axis === 0 || axis === -2 ? { role: 'embedding', axes: { output: [0], input: [1], kernel: [] } } : null;
};

/** A vector added to what a convolution or a product made is its bias. */
const summand: Teller = (node, shape, links) => {
  if (shape.filter((length) => length > 1).length > 1) return null;
  const made = node.inputs.map((input) => links.producers.get(input)?.node.operator ?? '');
  return made.some((operator) =>
    /^(Fused)?(Conv|ConvTranspose|ConvInteger|MatMul|MatMulNBits|MatMulInteger|Gemm|Mul|Cast)$/.test(operator),
  )
    ? { role: 'bias' }
    : null;
};

const constant = as('constant');
const norm = as('norm');
const scale = as('scale');
const bias = as('bias');
const statistic = as('statistic');

/** By operator: what each input is, by its index. Contributed operators (com.microsoft) are those of ONNX Runtime 1.20, ContribOperators.md. */
const OPERATORS: Readonly<Record<string, Readonly<Record<number, Teller>>>> = {
  Conv: { 1: convolution, 2: bias },
  FusedConv: { 1: convolution, 2: bias },
  ConvInteger: { 1: convolution, 3: scale },
  ConvIntegerToFloat: { 1: convolution },
  QLinearConv: { 1: scale, 2: scale, 3: convolution, 4: scale, 5: scale, 6: scale, 7: scale, 8: bias },
  ConvTranspose: { 1: transposedConvolution, 2: bias },
  DeformConv: { 1: convolution, 3: bias },
  Gemm: {
    0: (node, shape) => leftFactor(isSet(node, 'transA'), shape),
    1: (node, shape) => rightFactor(isSet(node, 'transB'), shape),
    2: bias,
  },
  FusedGemm: { 1: (node, shape) => rightFactor(isSet(node, 'transB'), shape), 2: bias },
  QGemm: {
    1: scale,
    2: scale,
    3: (node, shape) => rightFactor(isSet(node, 'transB'), shape),
    4: scale,
    5: scale,
    6: bias,
    7: scale,
    8: scale,
  },
  MatMul: { 0: (_, shape) => leftFactor(false, shape), 1: (_, shape) => rightFactor(false, shape) },
  FusedMatMul: {
    0: (node, shape) => leftFactor(isSet(node, 'transA'), shape),
    1: (node, shape) => rightFactor(isSet(node, 'transB'), shape),
  },
  MatMulInteger: {
    0: (_, shape) => leftFactor(false, shape),
    1: (_, shape) => rightFactor(false, shape),
    2: scale,
    3: scale,
  },
  MatMulIntegerToFloat: { 1: (_, shape) => rightFactor(false, shape), 2: scale, 3: scale, 4: scale, 5: scale, 6: bias },
  DynamicQuantizeMatMul: { 1: (_, shape) => rightFactor(false, shape), 2: scale, 3: scale, 4: bias },
  QLinearMatMul: {
    0: (_, shape) => leftFactor(false, shape),
    1: scale,
    2: scale,
    3: (_, shape) => rightFactor(false, shape),
    4: scale,
    5: scale,
    6: scale,
    7: scale,
  },
  MatMulNBits: { 1: (_, shape) => rightFactor(true, shape), 2: scale, 3: scale, 4: as('index'), 5: bias },
  MatMulBnb4: { 1: (_, shape) => rightFactor(true, shape), 2: scale },
  LSTM: { 1: recurrent, 2: recurrent, 3: bias, 7: as('other') },
  GRU: { 1: recurrent, 2: recurrent, 3: bias },
  RNN: { 1: recurrent, 2: recurrent, 3: bias },
  DynamicQuantizeLSTM: { 1: recurrent, 2: recurrent, 3: bias, 8: scale, 9: scale, 10: scale, 11: scale },
  Attention: { 1: (_, shape) => asAttention(rightFactor(false, shape)), 2: bias },
  QAttention: {
    1: (_, shape) => asAttention(rightFactor(false, shape)),
    2: bias,
    3: scale,
    4: scale,
    6: scale,
    7: scale,
  },
  Gather: { 0: table, 1: as('index') },
  GatherBlockQuantized: { 0: table, 2: scale, 3: scale },
  EmbedLayerNormalization: { 2: table, 3: as('position'), 4: table, 5: norm, 6: norm },
  BatchNormalization: { 1: norm, 2: norm, 3: statistic, 4: statistic },
  InstanceNormalization: { 1: norm, 2: norm },
  LayerNormalization: { 1: norm, 2: norm },
  GroupNormalization: { 1: norm, 2: norm },
  GroupNorm: { 1: norm, 2: norm },
  RMSNormalization: { 1: norm },
  SimplifiedLayerNormalization: { 1: norm },
  SkipLayerNormalization: { 2: norm, 3: norm, 4: bias },
  SkipSimplifiedLayerNormalization: { 2: norm, 3: bias },
  Add: { 0: summand, 1: summand },
  BiasGelu: { 1: bias },
  BiasAdd: { 1: bias },
  FastGelu: { 1: bias },
  DequantizeLinear: { 1: scale, 2: scale },
  QuantizeLinear: { 1: scale, 2: scale },
  Reshape: { 1: constant },
  Expand: { 1: constant },
  Tile: { 1: constant },
  Slice: { 1: constant, 2: constant, 3: constant, 4: constant },
  Unsqueeze: { 1: constant },
  Squeeze: { 1: constant },
  Pad: { 1: constant, 2: constant },
  Resize: { 1: constant, 2: constant, 3: constant },
  Upsample: { 1: constant },
  Split: { 1: constant },
  Clip: { 1: constant, 2: constant },
  TopK: { 1: constant },
  OneHot: { 1: constant, 2: constant },
  ReduceSum: { 1: constant },
  ReduceMean: { 1: constant },
  ReduceMax: { 1: constant },
  ReduceMin: { 1: constant },
  ReduceL2: { 1: constant },
  ConstantOfShape: { 0: constant },
  Range: { 0: constant, 1: constant, 2: constant },
  Loop: { 0: constant, 1: constant },
};

const asAttention = (purpose: Purpose | null): Purpose | null =>
  purpose === null ? null : { ...purpose, role: 'attention' };

/** Roles that are weights: what one of their operators says counts more than what other operators say of the same tensor. */
const STRONG: ReadonlySet<Role> = new Set([
  'conv',
  'depthwise-conv',
  'transposed-conv',
  'linear',
  'recurrent',
  'attention',
]);

/** Gives every tensor the axes and the role that its operators state. The first weight operator decides, then the first other one. */
export function assignAxes(links: Links): void {
  const decided = new Map<Draft, Purpose>();
  for (const node of links.collected.nodes) {
    const tellers = OPERATORS[node.node.operator];
    if (tellers === undefined || !Object.hasOwn(OPERATORS, node.node.operator)) continue;
    for (const [index, input] of node.inputs.entries()) {
      const seen = links.tensor(input);
      const tell = tellers[index];
      if (seen === undefined || tell === undefined) continue;
      const purpose = tell(node, shapeSeen(seen), links);
      if (purpose === null) continue;
      const before = decided.get(seen.draft);
      if (before !== undefined && !(STRONG.has(purpose.role) && !STRONG.has(before.role))) continue;
      decided.set(
        seen.draft,
        purpose.axes === undefined ? purpose : { role: purpose.role, axes: axesStored(purpose.axes, seen) },
      );
    }
  }
  for (const node of links.collected.nodes)
    if (/^(LSTM|GRU|RNN)$/.test(node.node.operator)) rearranged(node, links, decided);
  for (const draft of links.drafts.values()) {
    const purpose = decided.get(draft);
    if (draft.roleHint === undefined && purpose !== undefined) draft.roleHint = purpose.role;
    const axes = purpose?.axes ?? (draft.shape.length < 2 ? NO_AXES : undefined);
    if (axes !== undefined && draft.axes === undefined) draft.axes = axes;
  }
}

/** Weights of a recurrent layer that are put together from matrices of gates × inputs. */
function rearranged(node: FoundNode, links: Links, decided: Map<Draft, Purpose>): void {
  for (const index of [1, 2, 3]) {
    if (links.tensor(node.inputs[index]) !== undefined) continue;
    for (const draft of links.parts(node.inputs[index])) {
      if (decided.has(draft)) continue;
      if (index === 3) decided.set(draft, { role: 'bias' });
      else if (draft.shape.length === 2)
        decided.set(draft, { role: 'recurrent', axes: { output: [0], input: [1], kernel: [] } });
    }
  }
}

function shapeSeen({ draft, permutation }: Seen): readonly number[] {
  return permutation === null ? draft.shape : permutation.map((axis) => draft.shape[axis]!);
}

/** Axes of the stored tensor, for axes of the tensor that the operator sees. */
function axesStored(axes: Axes, { permutation }: Seen): Axes {
  if (permutation === null) return axes;
  const stored = (list: readonly number[]): number[] => list.map((axis) => permutation[axis]!);
  return { ...axes, output: stored(axes.output), input: stored(axes.input), kernel: stored(axes.kernel) };
}
