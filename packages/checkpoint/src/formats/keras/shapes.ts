import { asNumber, asRecord, asText, isLength, type JsonRecord, own } from '../../json.js';
import type { KnownShape } from '../tensorflow/nodeDef.js';
import type { KerasLayer } from './config.js';
import { shapeOf } from './references.js';

type Axis = number | null;
type Known = readonly Axis[];

/** Layers that leave the shape as it is. */
const SAME = new Set([
  'Activation',
  'ActivityRegularization',
  'AlphaDropout',
  'BatchNormalization',
  'Dropout',
  'ELU',
  'GaussianDropout',
  'GaussianNoise',
  'GroupNormalization',
  'Identity',
  'LayerNormalization',
  'LeakyReLU',
  'Masking',
  'Normalization',
  'PReLU',
  'RMSNormalization',
  'ReLU',
  'Rescaling',
  'Softmax',
  'SpatialDropout1D',
  'SpatialDropout2D',
  'SpatialDropout3D',
  'SyncBatchNormalization',
  'ThresholdedReLU',
  'UnitNormalization',
  'MultiHeadAttention',
  'GroupQueryAttention',
  'SpectralNormalization',
]);
const MERGES = new Set(['Add', 'Average', 'Maximum', 'Minimum', 'Multiply', 'Subtract', 'Merge']);

/** Shapes of a layer's outputs, as many as it has (at least one). Unknown layers have unknown shapes. Source: keras/src/layers. */
export function outputShapes(layer: KerasLayer, inputs: readonly KnownShape[]): KnownShape[] {
  const first = inputs[0] ?? null;
  const { className, config } = layer;
  if (/^(?:LSTM|GRU|SimpleRNN|RNN|CuDNNLSTM|CuDNNGRU)$/.test(className))
    return recurrentShapes(className, config, first).map(sound);
  return [sound(outputShape(className, config, first, inputs))];
}

/** Layers that add axes may follow each other without end. */
const MAX_RANK = 64;

/** Odd numbers in a config make odd sizes: those are unknown. */
function sound(shape: KnownShape): KnownShape {
  if (shape === null || shape.length > MAX_RANK) return null;
  return shape.map((axis) => (isLength(axis) ? axis : null));
}

function outputShape(className: string, config: JsonRecord, x: KnownShape, inputs: readonly KnownShape[]): KnownShape {
  if (MERGES.has(className)) return merged(inputs);
  if (className === 'Concatenate') return concatenated(config, inputs);
  if (x === null) return null;
  if (SAME.has(className)) return x;
  const conv = /^(Depthwise|Separable)?Conv(?:olution)?(\d)D(Transpose)?$/.exec(className);
  if (conv !== null) return convolution(config, x, Number(conv[2]), conv[1] === 'Depthwise', conv[3] !== undefined);
  const pool = /^(Global)?(?:Max|Average)Pool(?:ing)?(\d)D$/.exec(className);
  if (pool !== null) return pool[1] === undefined ? pooled(config, x, Number(pool[2])) : globallyPooled(config, x);
  switch (className) {
    case 'Dense':
      return [...x.slice(0, -1), asNumber(own(config, 'units')) ?? null];
    case 'Embedding':
      return [...x, asNumber(own(config, 'output_dim')) ?? null];
    case 'Flatten':
      return [x[0] ?? null, product(x.slice(1))];
    case 'Reshape':
      return reshaped(config, x);
    case 'Permute':
      return permuted(config, x);
    case 'RepeatVector':
      return [x[0] ?? null, asNumber(own(config, 'n')) ?? null, x[1] ?? null];
    case 'ZeroPadding1D':
    case 'ZeroPadding2D':
    case 'ZeroPadding3D':
      return resized(config, x, 'padding', (axis, pair) => axis + pair[0] + pair[1]);
    case 'Cropping1D':
    case 'Cropping2D':
    case 'Cropping3D':
      return resized(config, x, 'cropping', (axis, pair) => Math.max(0, axis - pair[0] - pair[1]));
    case 'UpSampling1D':
    case 'UpSampling2D':
    case 'UpSampling3D':
      return upsampled(config, x);
    case 'TimeDistributed':
      return timeDistributed(config, x);
    case 'Bidirectional':
      return bidirectional(config, x);
    case 'EinsumDense':
      return einsumDense(config, x);
    default:
      return null;
  }
}

const channelsFirst = (config: JsonRecord): boolean => asText(own(config, 'data_format')) === 'channels_first';

/** One number for all axes, or one for each. */
function perAxis(value: unknown, axes: number, fallback: number): number[] | null {
  if (value === undefined || value === null) return new Array<number>(axes).fill(fallback);
  if (isLength(value)) return new Array<number>(axes).fill(value);
  return Array.isArray(value) && value.length === axes && value.every(isLength) ? (value as number[]) : null;
}

/** Applies `change` to the spatial axes and gives the result its channels. */
function spatial(
  config: JsonRecord,
  x: Known,
  change: (length: Axis, axis: number) => Axis,
  channels: Axis | undefined,
): Known {
  const first = channelsFirst(config) ? 2 : 1;
  const count = x.length - 2;
  const at = channelsFirst(config) ? 1 : x.length - 1;
  return x.map((length, axis) => {
    if (axis >= first && axis < first + count) return change(length, axis - first);
    return axis === at && channels !== undefined ? channels : length;
  });
}

function convolution(config: JsonRecord, x: Known, dims: number, depthwise: boolean, transposed: boolean): KnownShape {
  if (x.length !== dims + 2) return null;
  const kernel = perAxis(own(config, 'kernel_size'), dims, 1);
  const strides = perAxis(own(config, 'strides'), dims, 1);
  const dilation = perAxis(own(config, 'dilation_rate'), dims, 1);
  if (kernel === null || strides === null || dilation === null) return null;
  const same = asText(own(config, 'padding')) !== 'valid';
  const input = x[channelsFirst(config) ? 1 : x.length - 1] ?? null;
  const multiplier = asNumber(own(config, 'depth_multiplier')) ?? 1;
  const channels: Axis = depthwise
    ? input === null
      ? null
      : input * multiplier
    : (asNumber(own(config, 'filters')) ?? null);
  return spatial(
    config,
    x,
    (length, axis) => {
      if (length === null) return null;
      if (!transposed) return windows(length, (kernel[axis]! - 1) * dilation[axis]! + 1, strides[axis]!, same);
      const reach = (kernel[axis]! - 1) * dilation[axis]! + 1;
      return same ? length * strides[axis]! : length * strides[axis]! + Math.max(reach - strides[axis]!, 0);
    },
    channels,
  );
}

/** Positions of a window. Source: keras/src/ops/operation_utils.py, compute_conv_output_shape. */
function windows(length: number, reach: number, stride: number, same: boolean): Axis {
  if (stride <= 0) return null;
  return same ? Math.ceil(length / stride) : Math.max(0, Math.floor((length - reach) / stride) + 1);
}

function pooled(config: JsonRecord, x: Known, dims: number): KnownShape {
  if (x.length !== dims + 2) return null;
  const size = perAxis(own(config, 'pool_size'), dims, 2);
  const strides = perAxis(own(config, 'strides') ?? own(config, 'pool_size'), dims, 2);
  if (size === null || strides === null) return null;
  const same = asText(own(config, 'padding')) === 'same';
  return spatial(
    config,
    x,
    (length, axis) => (length === null ? null : windows(length, size[axis]!, strides[axis]!, same)),
    undefined,
  );
}

function globallyPooled(config: JsonRecord, x: Known): KnownShape {
  const channels = x[channelsFirst(config) ? 1 : x.length - 1] ?? null;
  if (own(config, 'keepdims') !== true) return [x[0] ?? null, channels];
  return spatial(config, x, () => 1, undefined);
}

function recurrentShapes(className: string, config: JsonRecord, x: KnownShape): KnownShape[] {
  const cell = asRecord(own(asRecord(own(config, 'cell')), 'config'));
  const units = asNumber(own(config, 'units')) ?? asNumber(own(cell, 'units')) ?? null;
  const batch = x?.[0] ?? null;
  const output: KnownShape =
    x === null ? null : own(config, 'return_sequences') === true ? [batch, x[1] ?? null, units] : [batch, units];
  if (own(config, 'return_state') !== true) return [output];
  const state: KnownShape = [batch, units];
  return className.includes('LSTM') ? [output, state, state] : [output, state];
}

/** Element-wise with broadcasting of axes of length 1. */
function merged(inputs: readonly KnownShape[]): KnownShape {
  const [first, ...others] = inputs;
  if (first === undefined || first === null || others.some((other) => other === null || other.length !== first.length))
    return null;
  return first.map((axis, index) =>
    others.reduce<Axis>((length, other) => {
      const mine = other![index]!;
      return length === 1 || length === null ? mine : length;
    }, axis),
  );
}

function concatenated(config: JsonRecord, inputs: readonly KnownShape[]): KnownShape {
  const first = inputs[0] ?? null;
  if (first === null || inputs.some((other) => other === null || other.length !== first.length)) return null;
  const stated = asNumber(own(config, 'axis')) ?? -1;
  const at = stated < 0 ? first.length + stated : stated;
  return first.map((axis, index) => {
    if (index !== at) return inputs.find((other) => other![index] !== null)?.[index] ?? axis;
    return inputs.reduce<Axis>(
      (sum, other) => (sum === null || other![index] === null ? null : sum + other![index]!),
      0,
    );
  });
}

function product(axes: Known): Axis {
  return axes.reduce<Axis>((total, axis) => (total === null || axis === null ? null : total * axis), 1);
}

function reshaped(config: JsonRecord, x: Known): KnownShape {
  const target = own(config, 'target_shape');
  if (!Array.isArray(target) || !target.every((axis) => Number.isSafeInteger(axis))) return null;
  const total = product(x.slice(1));
  const known = product(target.filter((axis) => axis >= 0));
  return [
    x[0] ?? null,
    ...target.map((axis: number) =>
      axis >= 0 ? axis : total === null || known === null || known === 0 ? null : total / known,
    ),
  ];
}

function permuted(config: JsonRecord, x: Known): KnownShape {
  const dims = own(config, 'dims');
  if (!Array.isArray(dims) || dims.length !== x.length - 1 || !dims.every(isLength)) return null;
  return [x[0] ?? null, ...dims.map((axis: number) => x[axis] ?? null)];
}

/** `padding` and `cropping`: a number, one for each axis, or a pair for each axis. */
function resized(
  config: JsonRecord,
  x: Known,
  name: string,
  change: (length: number, pair: readonly [number, number]) => number,
): KnownShape {
  const stated = own(config, name);
  const dims = x.length - 2;
  const pairs: (readonly [number, number])[] = [];
  for (let axis = 0; axis < dims; axis++) {
    const flat = dims === 1 && Array.isArray(stated) && stated.every(isLength) ? stated : undefined;
    const mine = flat ?? (Array.isArray(stated) ? stated[axis] : stated);
    if (isLength(mine)) pairs.push([mine, mine]);
    else if (Array.isArray(mine) && mine.length === 2 && mine.every(isLength)) pairs.push([mine[0]!, mine[1]!]);
    else return null;
  }
  return spatial(config, x, (length, axis) => (length === null ? null : change(length, pairs[axis]!)), undefined);
}

function upsampled(config: JsonRecord, x: Known): KnownShape {
  const size = perAxis(own(config, 'size'), x.length - 2, 2);
  return size === null
    ? null
    : spatial(config, x, (length, axis) => (length === null ? null : length * size[axis]!), undefined);
}

const wrapped = (config: JsonRecord): { className: string; config: JsonRecord } => {
  const layer = asRecord(own(config, 'layer'));
  return { className: asText(own(layer, 'class_name')) ?? '', config: asRecord(own(layer, 'config')) };
};

function timeDistributed(config: JsonRecord, x: Known): KnownShape {
  const inner = wrapped(config);
  const rest: Known = [x[0] ?? null, ...x.slice(2)];
  const shape = inner.className === 'TimeDistributed' ? null : outputShape(inner.className, inner.config, rest, [rest]);
  return shape === null ? null : [shape[0] ?? null, x[1] ?? null, ...shape.slice(1)];
}

function bidirectional(config: JsonRecord, x: Known): KnownShape {
  const inner = wrapped(config);
  const shape = recurrentShapes(inner.className, inner.config, x)[0] ?? null;
  if (shape === null || (own(config, 'merge_mode') ?? 'concat') !== 'concat') return shape;
  const last = shape.at(-1) ?? null;
  return [...shape.slice(0, -1), last === null ? null : last * 2];
}

/** Keras states the output without its batch axis, and leaves out what the letters of the equation say. */
function einsumDense(config: JsonRecord, x: Known): KnownShape {
  const stated = own(config, 'output_shape') ?? own(config, 'partial_output_shape');
  const rest = isLength(stated) ? [stated] : shapeOf(stated);
  if (rest === null) return null;
  const [input, , output] = /^(\w+),(\w+)->(\w+)$/.exec(asText(own(config, 'equation')) ?? '')?.slice(1) ?? [];
  return [x[0] ?? null, ...rest].map((axis, index) => axis ?? x[input?.indexOf(output?.[index] ?? ' ') ?? -1] ?? null);
}
