/** How numbers become codes. `keep` leaves a tensor as it is. */
export type Scheme =
  | { readonly kind: 'uniform'; readonly name: string; readonly bits: number; readonly symmetric: boolean }
  /** −α and +α. */
  | { readonly kind: 'binary'; readonly name: 'binary' }
  | { readonly kind: 'half'; readonly name: 'fp16' | 'bf16'; readonly dtype: 'F16' | 'BF16' }
  | { readonly kind: 'keep'; readonly name: 'keep' };

export type UniformScheme = Extract<Scheme, { kind: 'uniform' }>;

const BITS = [2, 3, 4, 5, 6, 7, 8];

/** Every scheme by its name: `int8-sym`, `int4-asym`, `binary`, `fp16`, `keep` … */
export const SCHEMES: ReadonlyMap<string, Scheme> = new Map(
  [
    ...BITS.flatMap((bits): Scheme[] => [
      { kind: 'uniform', name: `int${bits}-sym`, bits, symmetric: true },
      { kind: 'uniform', name: `int${bits}-asym`, bits, symmetric: false },
    ]),
    { kind: 'binary', name: 'binary' } as const,
    { kind: 'half', name: 'fp16', dtype: 'F16' } as const,
    { kind: 'half', name: 'bf16', dtype: 'BF16' } as const,
    { kind: 'keep', name: 'keep' } as const,
  ].map((scheme) => [scheme.name, scheme]),
);

/** Largest code of a symmetric scheme; −2^(b−1) is never produced. */
export const largestCode = (bits: number): number => 2 ** (bits - 1) - 1;

/** Number of codes of an asymmetric scheme, less one. */
export const codeSpan = (bits: number): number => 2 ** bits - 1;
