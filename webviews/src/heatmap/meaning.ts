import type { TensorHead } from '@espalier/protocol';

/** What a place in a tensor is, by the purpose of its axes. Numbers count from 0. */
export interface Place {
  readonly output?: number;
  readonly input?: number;
  /** Which of several groups the input belongs to. */
  readonly group?: number;
  readonly kernel: readonly number[];
  /** Axes without a known purpose: number of the axis and the index along it. */
  readonly other: readonly (readonly [axis: number, index: number])[];
}

export function placeOf(head: Pick<TensorHead, 'axes' | 'shape' | 'outputChannels'>, index: readonly number[]): Place {
  const { output, input, kernel, groups } = head.axes;
  const named = new Set([...output, ...input, ...kernel]);
  const combined = (axes: readonly number[]): number =>
    axes.reduce((sum, axis) => sum * (head.shape[axis] ?? 1) + (index[axis] ?? 0), 0);
  const channel = combined(output);
  const grouped = groups > 1 && output.length > 0 && head.outputChannels !== null;
  return {
    ...(output.length === 0 ? {} : { output: channel }),
    ...(input.length === 0 ? {} : { input: combined(input) }),
    ...(grouped && input.length > 0 ? { group: Math.floor((channel * groups) / head.outputChannels!) } : {}),
    kernel: kernel.map((axis) => index[axis] ?? 0),
    other: index.flatMap((at, axis) => (named.has(axis) ? [] : [[axis, at] as const])),
  };
}

/** Where a place lies in the kernel matrix; null for kernels that are not a matrix themselves. */
export function kernelCell(
  place: Place,
  size: { readonly kernelRows: number; readonly kernelColumns: number },
): { readonly row: number; readonly column: number } | null {
  const { output, input, kernel } = place;
  if (output === undefined || kernel.length > 2) return null;
  const [row, column] = kernel.length === 2 ? kernel : [0, kernel[0] ?? 0];
  return { row: output * size.kernelRows + row!, column: (input ?? 0) * size.kernelColumns + column! };
}
