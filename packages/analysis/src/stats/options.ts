/** What is asked about the values of a tensor. */
export interface StatsOptions {
  /** A weight is numerically dead when |w| ≤ this × absmax. */
  readonly nearZeroRatio?: number;
  /** Patterns, blocks and dead channels. */
  readonly structure?: boolean;
  /** The digest of the values, by which identical tensors are found. */
  readonly digest?: boolean;
  /** Compresses the stored bytes as well: a second for every 40 MB. */
  readonly gzip?: boolean;
  /** Reads a seeded sample of at most this many bytes instead of everything, where the tensor is larger. */
  readonly sample?: { readonly maxBytes: number; readonly seed: number };
}

export interface ResolvedOptions {
  readonly nearZeroRatio: number;
  readonly structure: boolean;
  readonly digest: boolean;
  readonly sample: { readonly maxBytes: number; readonly seed: number } | null;
}

/** |w| ≤ 1e-8 × absmax counts as numerically dead. */
export const NEAR_ZERO_RATIO = 1e-8;

export const resolveOptions = (options: StatsOptions = {}): ResolvedOptions => ({
  nearZeroRatio: options.nearZeroRatio ?? NEAR_ZERO_RATIO,
  structure: options.structure ?? true,
  digest: options.digest ?? true,
  sample: options.sample ?? null,
});
