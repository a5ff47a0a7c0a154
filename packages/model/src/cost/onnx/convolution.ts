import { costs, free, type Operation, type Outcome, type Rule } from '../operation.js';
import { type Axis, elementsOf, type PartialShape, times } from '../shape.js';
import { positions, samePositions, spread, type Window } from '../windows.js';

/** The window of a convolution or pool along one spatial axis. `pads` lists what is before each axis, then what is behind each. */
function windowOf(operation: Operation, kernel: number, axis: number, dims: number): Window {
  const padding = operation.text('auto_pad', 'NOTSET');
  const pads = padding === 'VALID' ? undefined : operation.ints('pads');
  return {
    kernel,
    stride: operation.ints('strides')?.[axis] ?? 1,
    dilation: operation.ints('dilations')?.[axis] ?? 1,
    padBegin: pads?.[axis] ?? 0,
    padEnd: pads?.[axis + dims] ?? 0,
  };
}

/** Spatial lengths after a window moved over `spatial`. */
function moved(operation: Operation, spatial: readonly Axis[], kernel: readonly Axis[], partial: boolean): Axis[] {
  const same = operation.text('auto_pad', 'NOTSET').startsWith('SAME');
  return spatial.map((length, axis): Axis => {
    const size = kernel[axis] ?? null;
    if (size === null) return null;
    const window = windowOf(operation, size, axis, spatial.length);
    return same ? samePositions(length, window.stride) : positions(length, window, partial);
  });
}

/** Convolution of input 0 with the filter at `filter`, [output channels, input channels per group, …kernel]. */
function convolution(operation: Operation, filter: number): Outcome {
  const x = operation.shape(0);
  const weight = operation.shape(filter);
  if (weight === null || weight.length < 3) return costs(null, null);
  const kernel = weight.slice(2);
  const spatial = x?.length === weight.length ? x.slice(2) : kernel.map(() => null);
  const shape: PartialShape = [x?.[0] ?? null, weight[0]!, ...moved(operation, spatial, kernel, false)];
  return costs(times(elementsOf(shape), weight[1]!, elementsOf(kernel)), shape);
}

/** Each element of the input meets the kernel once for every output channel of its group: [input channels, output channels per group, …kernel]. */
function transposed(operation: Operation): Outcome {
  const x = operation.shape(0);
  const weight = operation.shape(1);
  if (weight === null || weight.length < 3) return costs(null, null);
  const kernel = weight.slice(2);
  const dims = kernel.length;
  const stated = operation.ints('output_shape');
  const outputPadding = operation.ints('output_padding');
  const same = operation.text('auto_pad', 'NOTSET').startsWith('SAME');
  const spatial = kernel.map((size, axis): Axis => {
    if (stated !== undefined) return stated.at(axis - dims) ?? null;
    const length = x?.length === weight.length ? x[axis + 2]! : null;
    if (size === null || length === null) return null;
    const window = windowOf(operation, size, axis, dims);
    return same ? length * window.stride : spread(length, window, outputPadding?.[axis] ?? 0);
  });
  const channels = times(weight[1]!, operation.int('group', 1));
  return costs(times(elementsOf(x), weight[1]!, elementsOf(kernel)), [x?.[0] ?? null, channels, ...spatial]);
}

/** Operators that take a window of a stated size through each channel. */
const pool: Rule = (operation) => {
  const x = operation.shape(0);
  const kernel = operation.ints('kernel_shape');
  if (x === null || kernel === undefined || x.length !== kernel.length + 2) return free(null, null);
  const shape = [...x.slice(0, 2), ...moved(operation, x.slice(2), kernel, operation.flag('ceil_mode'))];
  return free(shape, shape);
};

const globalPool: Rule = (operation) =>
  free(operation.shape(0)?.map((length, axis) => (axis < 2 ? length : 1)) ?? null);

const unpool: Rule = (operation) => {
  const stated = operation.elements(2);
  const x = operation.shape(0);
  const kernel = operation.ints('kernel_shape');
  if (operation.has(2)) return free(stated ?? null);
  if (x === null || kernel === undefined || x.length !== kernel.length + 2) return free(null);
  const dims = kernel.length;
  return free([
    ...x.slice(0, 2),
    ...x
      .slice(2)
      .map((length, axis) => spread(length, { ...windowOf(operation, kernel[axis]!, axis, dims), dilation: 1 })),
  ]);
};

/** The filter is applied at positions that another input moves; finding the values between cells is no multiply-accumulate here, as for Resize. */
const deformable: Rule = (operation) => convolution(operation, 1);

/** Columns of patches back to an image. */
const columnsToImage: Rule = (operation) => {
  const x = operation.shape(0);
  const block = operation.numbers(2);
  const image = operation.elements(1);
  const area = block?.reduce((product, length) => product * length, 1) ?? null;
  if (x === null || x.length !== 3 || image === undefined) return free(null);
  const channels = x[1] === null || area === null || area === 0 ? null : Math.floor(x[1]! / area);
  return free([x[0]!, channels, ...image]);
};

/** A causal convolution, each channel with a kernel of its own; what it keeps for the next call is one cell shorter than the kernel. */
const causal: Rule = (operation) => {
  const x = operation.shape(0);
  const kernel = operation.axis(1, -1);
  const state: PartialShape = x?.length === 3 ? [x[0]!, x[1]!, kernel === null ? null : kernel - 1] : null;
  return costs(times(elementsOf(x), kernel), x, state);
};

export const convolutions: Readonly<Record<string, Rule>> = {
  Conv: (operation) => convolution(operation, 1),
  ConvInteger: (operation) => convolution(operation, 1),
  QLinearConv: (operation) => convolution(operation, 3),
  ConvTranspose: transposed,
  DeformConv: deformable,
  CausalConvWithState: causal,
  AveragePool: pool,
  MaxPool: pool,
  LpPool: pool,
  GlobalAveragePool: globalPool,
  GlobalMaxPool: globalPool,
  GlobalLpPool: globalPool,
  MaxUnpool: unpool,
  Col2Im: columnsToImage,
  MaxRoiPool: (operation) => {
    const pooled = operation.ints('pooled_shape');
    return free(pooled === undefined ? null : [operation.axis(1, 0), operation.axis(0, 1), ...pooled]);
  },
  RoiAlign: (operation) =>
    free([
      operation.axis(1, 0),
      operation.axis(0, 1),
      operation.int('output_height', 1),
      operation.int('output_width', 1),
    ]),
};

export { convolution };
