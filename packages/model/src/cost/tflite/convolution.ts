import { product } from '../onnx/matrix.js';
import { costs, free, type Operation, type Outcome, type Rule } from '../operation.js';
import { type Axis, elementsOf, type PartialShape, plus, times } from '../shape.js';
import { positions, samePositions } from '../windows.js';

/** Names of spatial axes in attributes, outermost first. */
const AXES: Readonly<Record<number, readonly string[]>> = { 2: ['h', 'w'], 3: ['d', 'h', 'w'] };

/** Spatial lengths after a window moved over the axes between batch and channels. */
function moved(operation: Operation, x: readonly Axis[], kernel: readonly Axis[]): Axis[] {
  const same = operation.text('padding') === 'SAME';
  return kernel.map((size, index): Axis => {
    const axis = AXES[kernel.length]![index]!;
    const stride = operation.int(`stride_${axis}`, 1);
    if (same) return samePositions(x[index + 1]!, stride);
    if (size === null) return null;
    const dilation = operation.int(`dilation_${axis}`, 1);
    return positions(x[index + 1]!, { kernel: size, stride, dilation, padBegin: 0, padEnd: 0 });
  });
}

/** Filters [outputs, …kernel, inputs per group] in two dimensions, [1, …kernel, outputs] for depthwise, [depth, height, width, inputs, outputs] in three. */
function convolution(operation: Operation, kind: 'plain' | 'depthwise' | 'deep'): Outcome {
  const [x, weight] = [operation.shape(0), operation.shape(1)];
  const rank = kind === 'deep' ? 5 : 4;
  if (x === null || weight === null || x.length !== rank || weight.length !== rank) return costs(null, null);
  const kernel = kind === 'deep' ? weight.slice(0, 3) : weight.slice(1, 3);
  const channels = kind === 'plain' ? weight[0]! : weight.at(-1)!;
  const perOutput = kind === 'depthwise' ? 1 : weight[3]!;
  const shape = [x[0]!, ...moved(operation, x, kernel), channels];
  return costs(times(elementsOf(shape), elementsOf(kernel), perOutput), shape);
}

/** Each element of the input meets the kernel once for every output channel. The output's shape is an input, or follows from the strides. */
function transposed(operation: Operation, xAt: number, sizesAt: number | null, deep = false): Outcome {
  const [x, weight] = [operation.shape(xAt), operation.shape(1)];
  const stated = sizesAt === null ? undefined : operation.elements(sizesAt);
  const rank = deep ? 5 : 4;
  if (weight?.length !== rank) return costs(null, stated ?? null);
  const kernel = deep ? weight.slice(0, 3) : weight.slice(1, 3);
  const channels = deep ? weight[3]! : weight[0]!;
  const macs = times(elementsOf(x), elementsOf(kernel), channels);
  if (stated !== undefined || x === null || x.length !== rank) return costs(macs, stated ?? null);
  const same = operation.text('padding') === 'SAME';
  const spatial = kernel.map((size, index): Axis => {
    const stride = operation.int(`stride_${AXES[kernel.length]![index]!}`, 1);
    const length = times(x[index + 1]!, stride);
    return same ? length : plus(length, size === null ? null : Math.max(size - stride, 0));
  });
  return costs(macs, [x[0]!, ...spatial, channels]);
}

const pool: Rule = (operation) => {
  const x = operation.shape(0);
  if (x?.length !== 4) return free(null);
  const kernel = [operation.int('filter_height', 0), operation.int('filter_width', 0)];
  return free([x[0]!, ...moved(operation, x, kernel), x[3]!]);
};

/** Rows of any number of axes times the transposed weights [outputs, inputs]. */
const fullyConnected: Rule = (operation) => {
  const [x, weight] = [operation.shape(0), operation.shape(1)];
  if (weight?.length !== 2) return costs(null, null);
  const [units, inputs] = [weight[0]!, weight[1]!];
  const total = elementsOf(x);
  const rows = total === null || inputs === null || inputs === 0 ? null : Math.floor(total / inputs);
  const shape: PartialShape =
    operation.flag('keep_num_dims') && x !== null ? [...x.slice(0, -1), units] : [rows, units];
  return costs(times(rows, units, inputs), shape);
};

const batchMatMul: Rule = (operation) => {
  const { shape, macs } = product(
    operation.shape(0),
    operation.shape(1),
    operation.flag('adj_x'),
    operation.flag('adj_y'),
  );
  return costs(macs, shape);
};

/** Matrices that every step of every sequence meets, by their inputs. */
function matrixElements(operation: Operation, inputs: readonly number[]): Axis {
  return plus(...inputs.filter((at) => operation.has(at)).map((at) => elementsOf(operation.shape(at))));
}

/** Steps times sequences: the product of all axes but the last. */
const rowsOf = (x: PartialShape): Axis => (x === null ? null : times(...x.slice(0, -1)));

/** Input, recurrent and projection weights. Source: tensorflow/lite/kernels/unidirectional_sequence_lstm.cc. */
const sequenceLstm: Rule = (operation) => {
  const x = operation.shape(0);
  const units = operation.has(16) ? operation.axis(16, 0) : operation.axis(2, 0);
  return costs(
    times(rowsOf(x), matrixElements(operation, [1, 2, 3, 4, 5, 6, 7, 8, 16])),
    x === null ? null : [...x.slice(0, -1), units],
  );
};

const bidirectionalLstm: Rule = (operation) => {
  const x = operation.shape(0);
  const own = matrixElements(operation, [1, 2, 3, 4, 5, 6, 7, 8, 16, 18, 19, 20, 21, 22, 23, 24, 25, 33]);
  const forward = operation.has(16) ? operation.axis(16, 0) : operation.axis(2, 0);
  const merged = operation.flag('merge_outputs');
  const shape = x === null ? null : [...x.slice(0, -1), merged ? times(forward, 2) : forward];
  return costs(times(rowsOf(x), own), shape, merged ? null : shape);
};

const sequenceRnn: Rule = (operation) => {
  const x = operation.shape(0);
  return costs(
    times(rowsOf(x), matrixElements(operation, [1, 2])),
    x === null ? null : [...x.slice(0, -1), operation.axis(1, 0)],
  );
};

/** Features of the input, then a filter over the memory of each. Source: tensorflow/lite/kernels/svdf.cc. */
const svdf: Rule = (operation) => {
  const batch = operation.axis(0, 0);
  const rank = operation.int('rank', 0) || null;
  const filters = operation.axis(1, 0);
  const units = filters === null || rank === null ? null : Math.floor(filters / rank);
  return costs(times(batch, matrixElements(operation, [1, 2])), [batch, units]);
};

export const convolutions: Readonly<Record<string, Rule>> = {
  CONV_2D: (operation) => convolution(operation, 'plain'),
  DEPTHWISE_CONV_2D: (operation) => convolution(operation, 'depthwise'),
  CONV_3D: (operation) => convolution(operation, 'deep'),
  TRANSPOSE_CONV: (operation) => transposed(operation, 2, 0),
  CONV_3D_TRANSPOSE: (operation) => transposed(operation, 2, 0, true),
  /** Of MediaPipe: its options are in a form of its own, so the file's shape of the output stands. */
  Convolution2DTransposeBias: (operation) => ({ ...transposed(operation, 0, null), outputs: [] }),
  AVERAGE_POOL_2D: pool,
  MAX_POOL_2D: pool,
  L2_POOL_2D: pool,
  /** Of MediaPipe: maxima with their places. */
  MaxPoolingWithArgmax2D: () => free(),
  MaxUnpooling2D: () => free(),
  FULLY_CONNECTED: fullyConnected,
  BATCH_MATMUL: batchMatMul,
  UNIDIRECTIONAL_SEQUENCE_LSTM: sequenceLstm,
  LSTM: sequenceLstm,
  BIDIRECTIONAL_SEQUENCE_LSTM: bidirectionalLstm,
  UNIDIRECTIONAL_SEQUENCE_RNN: sequenceRnn,
  RNN: sequenceRnn,
  SVDF: svdf,
};
