import { table } from '@espalier/tensor';

/** Decodes whole blocks: `count` of them from `from` in `bytes`, their values to `at` in `out` and on. Products are rounded to single precision as ggml does. */
export type Decoder = (bytes: Uint8Array, from: number, count: number, out: Float32Array, at: number) => void;

let halves: Float32Array | undefined;

/** Every binary16 value by its bits. */
export function halfTable(): Float32Array {
  halves ??= table('F16');
  return halves;
}
