/** A product of two row-major matrices: rows × inner times inner × columns. */
export interface ProductShape {
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
}

/** Packed panels of both sides and a tile, as `assembly/gemm.ts` lays them out. */
export const GEMM_SCRATCH_BYTES = 4096 + 128 + 256 * 512 * 4;
