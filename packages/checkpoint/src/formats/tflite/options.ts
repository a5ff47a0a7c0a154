import type { Table } from '../../flatbuffers/index.js';
import type { AttributeValue } from '../../graph.js';

type Kind = 'i8' | 'i32' | 'bool' | 'f32' | 'padding' | 'activation' | 'i32s';
type Fields = readonly (readonly [name: string, field: number, kind: Kind, otherwise?: number])[];

const PADDING = ['SAME', 'VALID'];
const ACTIVATIONS = ['NONE', 'RELU', 'RELU_N1_TO_1', 'RELU6', 'TANH', 'SIGN_BIT'];

const pool: Fields = [
  ['padding', 0, 'padding'],
  ['stride_w', 1, 'i32'],
  ['stride_h', 2, 'i32'],
  ['filter_width', 3, 'i32'],
  ['filter_height', 4, 'i32'],
  ['fused_activation', 5, 'activation'],
];
const convolution3d: Fields = [
  ['padding', 0, 'padding'],
  ['stride_d', 1, 'i32'],
  ['stride_w', 2, 'i32'],
  ['stride_h', 3, 'i32'],
  ['fused_activation', 4, 'activation'],
  ['dilation_d', 5, 'i32', 1],
  ['dilation_w', 6, 'i32', 1],
  ['dilation_h', 7, 'i32', 1],
];
const activation: Fields = [['fused_activation', 0, 'activation']];
const reducer: Fields = [['keep_dims', 0, 'bool']];

/** Options of the operators whose cost or layout depends on them, as in schema.fbs (TensorFlow 2.21). */
const OPTIONS: Readonly<Record<string, Fields>> = {
  CONV_2D: [
    ['padding', 0, 'padding'],
    ['stride_w', 1, 'i32'],
    ['stride_h', 2, 'i32'],
    ['fused_activation', 3, 'activation'],
    ['dilation_w', 4, 'i32', 1],
    ['dilation_h', 5, 'i32', 1],
  ],
  DEPTHWISE_CONV_2D: [
    ['padding', 0, 'padding'],
    ['stride_w', 1, 'i32'],
    ['stride_h', 2, 'i32'],
    ['depth_multiplier', 3, 'i32'],
    ['fused_activation', 4, 'activation'],
    ['dilation_w', 5, 'i32', 1],
    ['dilation_h', 6, 'i32', 1],
  ],
  TRANSPOSE_CONV: [
    ['padding', 0, 'padding'],
    ['stride_w', 1, 'i32'],
    ['stride_h', 2, 'i32'],
    ['fused_activation', 3, 'activation'],
  ],
  CONV_3D: convolution3d,
  CONV_3D_TRANSPOSE: convolution3d,
  AVERAGE_POOL_2D: pool,
  MAX_POOL_2D: pool,
  L2_POOL_2D: pool,
  FULLY_CONNECTED: [
    ['fused_activation', 0, 'activation'],
    ['weights_format', 1, 'i8'],
    ['keep_num_dims', 2, 'bool'],
    ['asymmetric_quantize_inputs', 3, 'bool'],
  ],
  BATCH_MATMUL: [
    ['adj_x', 0, 'bool'],
    ['adj_y', 1, 'bool'],
    ['asymmetric_quantize_inputs', 2, 'bool'],
  ],
  ADD: activation,
  SUB: activation,
  MUL: activation,
  DIV: activation,
  CONCATENATION: [
    ['axis', 0, 'i32'],
    ['fused_activation', 1, 'activation'],
  ],
  SOFTMAX: [['beta', 0, 'f32']],
  RESHAPE: [['new_shape', 0, 'i32s']],
  SQUEEZE: [['squeeze_dims', 0, 'i32s']],
  RESIZE_BILINEAR: [
    ['align_corners', 2, 'bool'],
    ['half_pixel_centers', 3, 'bool'],
  ],
  RESIZE_NEAREST_NEIGHBOR: [
    ['align_corners', 0, 'bool'],
    ['half_pixel_centers', 1, 'bool'],
  ],
  LSTM: [
    ['fused_activation', 0, 'activation'],
    ['cell_clip', 1, 'f32'],
    ['proj_clip', 2, 'f32'],
    ['kernel_type', 3, 'i8'],
  ],
  UNIDIRECTIONAL_SEQUENCE_LSTM: [
    ['fused_activation', 0, 'activation'],
    ['cell_clip', 1, 'f32'],
    ['proj_clip', 2, 'f32'],
    ['time_major', 3, 'bool'],
  ],
  BIDIRECTIONAL_SEQUENCE_LSTM: [
    ['fused_activation', 0, 'activation'],
    ['cell_clip', 1, 'f32'],
    ['proj_clip', 2, 'f32'],
    ['merge_outputs', 3, 'bool'],
    ['time_major', 4, 'bool', 1],
  ],
  UNIDIRECTIONAL_SEQUENCE_RNN: [
    ['time_major', 0, 'bool'],
    ['fused_activation', 1, 'activation'],
  ],
  RNN: activation,
  SVDF: [
    ['rank', 0, 'i32'],
    ['fused_activation', 1, 'activation'],
  ],
  GATHER: [
    ['axis', 0, 'i32'],
    ['batch_dims', 1, 'i32'],
  ],
  MEAN: reducer,
  SUM: reducer,
  REDUCE_MAX: reducer,
  REDUCE_MIN: reducer,
  REDUCE_PROD: reducer,
  REDUCE_ANY: reducer,
  REDUCE_ALL: reducer,
  STRIDED_SLICE: [
    ['begin_mask', 0, 'i32'],
    ['end_mask', 1, 'i32'],
    ['ellipsis_mask', 2, 'i32'],
    ['new_axis_mask', 3, 'i32'],
    ['shrink_axis_mask', 4, 'i32'],
  ],
  SPLIT: [['num_splits', 0, 'i32']],
  SPLIT_V: [['num_splits', 0, 'i32']],
  PACK: [
    ['values_count', 0, 'i32'],
    ['axis', 1, 'i32'],
  ],
  UNPACK: [
    ['num', 0, 'i32'],
    ['axis', 1, 'i32'],
  ],
  IF: [
    ['then_subgraph', 0, 'i32'],
    ['else_subgraph', 1, 'i32'],
  ],
  WHILE: [
    ['cond_subgraph', 0, 'i32'],
    ['body_subgraph', 1, 'i32'],
  ],
  CALL: [['subgraph', 0, 'i32']],
  CALL_ONCE: [['init_subgraph', 0, 'i32']],
  LEAKY_RELU: [['alpha', 0, 'f32']],
  SPACE_TO_DEPTH: [['block_size', 0, 'i32']],
  DEPTH_TO_SPACE: [['block_size', 0, 'i32']],
  ONE_HOT: [['axis', 0, 'i32']],
  MIRROR_PAD: [['mode', 0, 'i8']],
};

const MAX_LIST = 64;

/** Attributes of an operator from its options table. Unknown operators have none. */
export function readOptions(operator: string, options: Table | null): Readonly<Record<string, AttributeValue>> {
  const fields = Object.hasOwn(OPTIONS, operator) ? OPTIONS[operator]! : [];
  const attributes: Record<string, AttributeValue> = {};
  if (options === null) return attributes;
  for (const [name, field, kind, otherwise] of fields) attributes[name] = read(options, field, kind, otherwise ?? 0);
  return attributes;
}

function read(options: Table, field: number, kind: Kind, otherwise: number): AttributeValue {
  switch (kind) {
    case 'i8':
      return options.i8(field, otherwise);
    case 'i32':
      return options.i32(field, otherwise);
    case 'f32':
      return options.f32(field, otherwise);
    case 'bool':
      return options.bool(field, otherwise !== 0);
    case 'i32s':
      return options.i32s(field, MAX_LIST);
    case 'padding':
      return PADDING[options.i8(field)] ?? String(options.i8(field));
    case 'activation':
      return ACTIVATIONS[options.i8(field)] ?? String(options.i8(field));
  }
}
