import type { Axes } from '@espalier/checkpoint';

/**
 * Who wrote the weights, as far as the order of axes goes.
 * `torch`: Linear [O, I], Conv OIHW, ConvTranspose IOHW. `tensorflow`: Dense [I, O], Conv HWIO, depthwise HWIM, transposed HWOI.
 * `tflite`: fully connected [O, I], Conv OHWI, depthwise [1, H, W, O].
 */
export type Convention = 'torch' | 'tensorflow' | 'tflite';

/** By the machine name of the format. */
export function conventionOf(format: string): Convention {
  if (/^tflite/.test(format)) return 'tflite';
  // Plain HDF5 files may be anybody's.
  if (/^(tf|tensorflow|keras|savedmodel|saved-model)/.test(format)) return 'tensorflow';
  return 'torch';
}

/** Kinds of operators that own a weight, as far as axes differ. */
export type WeightKind = 'conv' | 'depthwise-conv' | 'transposed-conv' | 'linear' | 'embedding' | 'recurrent';

const range = (from: number, to: number): number[] =>
  Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);

/** Axes of a weight of this kind and rank in a convention; undefined where the rank does not fit. */
export function conventionalAxes(kind: WeightKind, convention: Convention, rank: number): Axes | undefined {
  if (rank < 2) return undefined;
  switch (kind) {
    case 'embedding':
      return { output: [rank - 2], input: [rank - 1], kernel: [] };
    case 'linear':
    case 'recurrent':
      if (convention === 'tensorflow') return { output: [rank - 1], input: [rank - 2], kernel: [] };
      // More than two axes: a stack of matrices, such as the experts of a mixture.
      return { output: range(0, rank - 1), input: [rank - 1], kernel: [] };
    case 'conv':
      if (convention === 'tensorflow') return { output: [rank - 1], input: [rank - 2], kernel: range(0, rank - 2) };
      if (convention === 'tflite') return { output: [0], input: [rank - 1], kernel: range(1, rank - 1) };
      return { output: [0], input: [1], kernel: range(2, rank) };
    case 'depthwise-conv':
      if (convention === 'tensorflow') return { output: [rank - 2, rank - 1], input: [], kernel: range(0, rank - 2) };
      if (convention === 'tflite') return { output: [rank - 1], input: [], kernel: range(1, rank - 1) };
      return { output: [0], input: [], kernel: range(2, rank) };
    case 'transposed-conv':
      if (convention === 'tensorflow') return { output: [rank - 2], input: [rank - 1], kernel: range(0, rank - 2) };
      if (convention === 'tflite') return { output: [0], input: [rank - 1], kernel: range(1, rank - 1) };
      return { output: [1], input: [0], kernel: range(2, rank) };
  }
}
