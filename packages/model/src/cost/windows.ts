import type { Axis } from './shape.js';

/** How a window moves along one axis. */
export interface Window {
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly padBegin: number;
  readonly padEnd: number;
}

/** Cells from the first to the last that a window touches. */
export const reachOf = ({ kernel, dilation }: Pick<Window, 'kernel' | 'dilation'>): number =>
  (kernel - 1) * dilation + 1;

const isSane = ({ kernel, stride, dilation, padBegin, padEnd }: Window): boolean =>
  [kernel, stride, dilation].every((number) => Number.isSafeInteger(number) && number >= 1) &&
  Number.isSafeInteger(padBegin) &&
  Number.isSafeInteger(padEnd);

/**
 * Positions at which the whole window lies within the padded axis. `partial` also counts a last one that overhangs the end, unless it would begin in
 * the padding behind the axis (pooling with ceil_mode). null: unknown, or there is none.
 */
export function positions(length: Axis, window: Window, partial = false): Axis {
  if (length === null || !isSane(window)) return null;
  const { stride, padBegin, padEnd } = window;
  const steps = (length + padBegin + padEnd - reachOf(window)) / stride;
  let count = (partial ? Math.ceil(steps) : Math.floor(steps)) + 1;
  if (partial && (count - 1) * stride >= length + padBegin) count--;
  return count > 0 ? count : null;
}

/** Positions when the axis is padded so that every cell is the start of a window in turn: `SAME` of TensorFlow and ONNX. */
export const samePositions = (length: Axis, stride: number): Axis =>
  length === null || !(stride >= 1) ? null : Math.ceil(length / stride);

/** Length that a transposed convolution makes of an axis: the axis from which the convolution would make `length`. */
export function spread(length: Axis, window: Window, outputPadding = 0): Axis {
  if (length === null || !isSane(window)) return null;
  const found = window.stride * (length - 1) + reachOf(window) - window.padBegin - window.padEnd + outputPadding;
  return found >= 0 ? found : null;
}
