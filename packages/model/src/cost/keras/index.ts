import type { GraphNode, Role } from '@espalier/checkpoint';
import { attentionMacs } from '../onnx/attention.js';
import type { Operation, Outcome, Rule } from '../operation.js';
import { type Axis, elementsOf, type PartialShape, plus, times } from '../shape.js';

/** Layers without multiply-accumulates by convention. Source: keras/src/layers of Keras 3.15, and names of earlier versions. */
const FREE: ReadonlySet<string> = new Set(
  `Activation ActivityRegularization Add AlphaDropout AutoContrast Average BatchNormalization BatchNormalizationV1 CategoryEncoding CenterCrop
  Concatenate Cropping1D Cropping2D Cropping3D Discretization Dropout ELU Embedding Flatten GELU GaussianDropout GaussianNoise GroupNormalization
  HashedCrossing Hashing Identity InputLayer InputSpec IntegerLookup LayerNormalization LeakyReLU Masking MaxNumBoundingBoxes Maximum Merge Minimum
  Multiply Normalization PReLU Permute Pipeline RMSNormalization RandomBrightness RandomColorJitter RandomContrast RandomCrop RandomFlip
  RandomGrayscale RandomHeight RandomHue RandomInvert RandomPosterization RandomRotation RandomSaturation RandomSharpness RandomShear
  RandomTranslation RandomWidth RandomZoom ReLU RepeatVector Rescaling Reshape Resizing ReversibleEmbedding Softmax SpatialDropout1D
  SpatialDropout2D SpatialDropout3D StringLookup Subtract SyncBatchNormalization TextVectorization ThresholdedReLU UnitNormalization UpSampling1D
  UpSampling2D UpSampling3D ZeroPadding1D ZeroPadding2D ZeroPadding3D
  Abs AddV2 Arange Argmax Argmin Cast Ceil Clip Cos Divide Equal Exp ExpandDims Floor FloorDivide GetItem Gelu Greater GreaterEqual HardSigmoid
  HardSwish Less LessEqual Log LogSoftmax LogicalAnd LogicalNot LogicalOr Max Mean Min Mod Negative NotEqual Pad Power Relu Relu6 Repeat Round Rsqrt
  Selu Sigmoid Sign Silu Sin Split Sqrt Square Squeeze Stack StopGradient Sum Swish Swapaxes Take Tanh Tile Transpose TrueDivide Where Pow`.split(
    /\s+/,
  ),
);

/** Functions of TensorFlow that Keras 2 records as layers. */
const FREE_FUNCTIONS =
  /^(?:__operators__\.(?:add|sub|mul|truediv|getitem|pow|neg|eq|ne|lt|le|gt|ge)|math\.(?:add|subtract|multiply|divide|truediv|reduce_\w+|pow|sqrt|rsqrt|square|exp|log|maximum|minimum|abs|negative|sigmoid|tanh)|nn\.(?:relu|relu6|leaky_relu|silu|swish|gelu|softmax|sigmoid|tanh|bias_add|max_pool\d?d?|avg_pool\d?d?|depth_to_space|space_to_depth)|reshape|transpose|concat|stack|split|expand_dims|squeeze|cast|identity|pad|tile|clip_by_value|shape|compat\.v1\.shape|image\.resize|unstack|gather|where|slice|strided_slice|ones_like|zeros_like|broadcast_to)$/;

const KERNELS: ReadonlySet<Role> = new Set<Role>([
  'conv',
  'depthwise-conv',
  'transposed-conv',
  'linear',
  'recurrent',
  'attention',
]);

/** Shapes are those that the format inferred: layers leave the batch alone, so that it is one in all. */
const stated = (macs: number | null, unknown?: string): Outcome => ({
  outputs: [],
  macs,
  ...(unknown === undefined ? {} : { unknown }),
});

/** Shapes of the layer's weight matrices, in order. */
function kernelsOf(operation: Operation): PartialShape[] {
  return operation.inputs.flatMap(({ shape }, at) => {
    const role = operation.roles[at];
    return role !== undefined && KERNELS.has(role) ? [shape] : [];
  });
}

const elementsOfAll = (shapes: readonly PartialShape[]): Axis =>
  shapes.length === 0 ? null : plus(...shapes.map(elementsOf));

/** What each output element meets: the kernel without its output channels. */
const convolution =
  (kind: 'plain' | 'depthwise'): Macs =>
  (operation, output) => {
    const [kernel] = kernelsOf(operation);
    if (kernel === undefined || kernel === null || kernel.length < 2) return null;
    return times(elementsOf(output), ...kernel.slice(0, kind === 'plain' ? -1 : -2));
  };

type Macs = (operation: Operation, output: PartialShape) => number | null;

/** First each channel alone, then all channels at each position. */
const separable: Macs = (operation, output) => {
  const kernels = kernelsOf(operation);
  const total = elementsOf(output);
  const filters = kernels.at(-1)?.at(-1) ?? null;
  if (kernels.length !== 2 || total === null || filters === null || filters === 0) return null;
  return times(total / filters, elementsOfAll(kernels));
};

/** [kernel…, outputs, inputs] */
const transposed: Macs = (operation) => {
  const [kernel] = kernelsOf(operation);
  if (kernel === undefined || kernel === null || kernel.length < 3) return null;
  return times(elementsOf(operation.shape(0)), ...kernel.slice(0, -1));
};

/** Every step of every sequence meets the matrices of input and recurrence, of both directions where there are two. */
const recurrent: Macs = (operation) => {
  const x = operation.shape(0);
  return x === null ? null : times(...x.slice(0, -1), elementsOfAll(kernelsOf(operation)));
};

/** Letters of the kernel that the output lacks are summed over. */
const einsumDense: Macs = (operation, output) => {
  const [kernel] = kernelsOf(operation);
  const parts = /^([^,]+),([^>]+)->(.+)$/.exec(operation.text('equation').replaceAll(/\s/g, ''));
  if (kernel === undefined || kernel === null || parts === null) return null;
  const letters = [...parts[2]!];
  if (letters.length !== kernel.length) return null;
  return times(elementsOf(output), ...kernel.filter((_, axis) => !parts[3]!.includes(letters[axis]!)));
};

/** Projections of query, key and value, [inputs, heads, size]; scores and sums; the projection back, [heads, size, outputs]. Inputs: query, value, and perhaps key. */
const multiHeadAttention: Macs = (operation) => {
  const kernels = kernelsOf(operation);
  const own = operation.inputs.filter((_, at) => operation.roles[at] === undefined).map(({ shape }) => shape);
  const [query, value] = [own[0], own[1] ?? own[0]];
  const [q, k, v, o] = kernels;
  if (kernels.length !== 4 || query?.length !== 3 || value?.length !== 3 || q?.length !== 3 || v?.length !== 3)
    return null;
  const key = own[2]?.length === 3 ? own[2] : value;
  const rows = times(query[0]!, query[1]!);
  const source = times(value[0]!, value[1]!);
  return plus(
    times(rows, elementsOf(q)),
    times(key[0]!, key[1]!, elementsOf(k ?? null)),
    times(source, elementsOf(v)),
    attentionMacs(query[0]!, q[1]!, query[1]!, value[1]!, q[2]!, v[2]!),
    times(rows, elementsOf(o ?? null)),
  );
};

/** Attention without weights of its own; inputs: query, value, and perhaps key. Additive scores are element-wise. */
const plainAttention: Macs = (operation) => {
  const [query, value] = [operation.shape(0), operation.shape(1)];
  const key = operation.roles[2] === undefined ? (operation.shape(2) ?? value) : value;
  if (query?.length !== 3 || value?.length !== 3 || key?.length !== 3) return null;
  const keySize = operation.node.operator === 'AdditiveAttention' ? 0 : query[2]!;
  return attentionMacs(query[0]!, 1, query[1]!, value[1]!, keySize, value[2]!);
};

/** Products along one axis of each input; the batch is common. */
const dot: Macs = (operation) => {
  const [a, b] = [operation.shape(0), operation.shape(1)];
  const axes = operation.ints('axes') ?? [operation.int('axes', Number.NaN), operation.int('axes', Number.NaN)];
  const at = axes[0]! < 0 ? axes[0]! + (a?.length ?? 0) : axes[0]!;
  const other = axes[1]! < 0 ? axes[1]! + (b?.length ?? 0) : axes[1]!;
  if (a === null || b === null || a[at] === undefined || b[other] === undefined || at < 1 || other < 1) return null;
  return times(...a, ...b.filter((_, axis) => axis !== 0 && axis !== other));
};

/** By class, after wrappers are taken off. */
function macsOf(className: string): Macs | undefined {
  if (FREE.has(className) || /^(?:Global)?(?:Max|Average|Adaptive\w+)Pool(?:ing)?\dD$/.test(className)) return () => 0;
  const conv = /^(?:Atrous)?(Depthwise|Separable)?Conv(?:olution)?\dD(Transpose)?$/.exec(className);
  if (conv !== null) {
    if (conv[2] !== undefined) return transposed;
    return conv[1] === 'Separable' ? separable : convolution(conv[1] === 'Depthwise' ? 'depthwise' : 'plain');
  }
  if (/^(?:CuDNN)?(?:LSTM|GRU|SimpleRNN|RNN)$/.test(className)) return recurrent;
  switch (className) {
    case 'Deconvolution2D':
      return transposed;
    case 'Dense':
      return convolution('plain');
    case 'EinsumDense':
      return einsumDense;
    case 'MultiHeadAttention':
    case 'GroupedQueryAttention':
    case 'GroupQueryAttention':
      return multiHeadAttention;
    case 'Attention':
    case 'AdditiveAttention':
      return plainAttention;
    case 'Dot':
      return dot;
    default:
      return undefined;
  }
}

const WRAPPERS: ReadonlySet<string> = new Set(['TimeDistributed', 'Bidirectional', 'SpectralNormalization']);

/** The cost of a layer; `output` is the shape that the format found for it. */
export function kerasRule(node: GraphNode, output: PartialShape): Rule | undefined {
  const { operator, attributes } = node;
  const inner = WRAPPERS.has(operator) ? attributes.layer : undefined;
  const macs = macsOf(typeof inner === 'string' ? inner : operator);
  if (macs !== undefined) return (operation) => stated(macs(operation, output));
  const called = attributes.function ?? attributes.name;
  const isRecorded = operator === 'TFOpLambda' || operator === 'SlicingOpLambda';
  if (isRecorded && typeof called === 'string' && FREE_FUNCTIONS.test(called)) return () => stated(0);
  return undefined;
}
