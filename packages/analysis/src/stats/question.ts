import type { StructureCounts } from '../structure/structure.js';
import type { ScanMode } from './mode.js';

/** C-order elements `begin` to `end`. */
export interface ElementRange {
  readonly begin: number;
  readonly end: number;
}

/**
 * One read of a tensor, as plain data: what each part of it is to be asked. Answers of parts merge, so a tensor may be split over
 * workers by ranges.
 */
export type ScanQuestion = FirstQuestion | RefineQuestion;

/** The first read: counts, sums, extremes, order by leading bits, digest, structure. */
export interface FirstQuestion {
  readonly kind: 'first';
  readonly mode: ScanMode;
  readonly structure: boolean;
  readonly digest: boolean;
  /** Keep the values themselves: small tensors need no second read. */
  readonly keep: boolean;
}

/** A further read: the next 16 bits of values whose leading bits are known, and what needs the range or the mean. */
export interface RefineQuestion {
  readonly kind: 'refine';
  readonly mode: ScanMode;
  /** How many leading bits are known: 16, 32 or 48. */
  readonly knownBits: number;
  /** Leading bits (sign first) whose continuation is counted, ascending. */
  readonly prefixes: readonly number[];
  /** Range of the histogram, once. */
  readonly histogram: { readonly low: number; readonly high: number } | null;
  /** Sum of squared differences from this value, once. */
  readonly deviationsFrom: number | null;
  /** Count of finite |x| ≤ this, once. */
  readonly nearLimit: number | null;
}

export type ScanAnswer = FirstAnswer | RefineAnswer;

export interface FirstAnswer {
  readonly kind: 'first';
  readonly elements: number;
  readonly zeros: number;
  readonly exactZeros: number;
  readonly nan: number;
  readonly inf: number;
  readonly firstNonFinite: number | null;
  /** +Infinity and −Infinity where there is no finite value. */
  readonly min: number;
  readonly max: number;
  readonly sum: number;
  readonly sumSquares: number;
  /** Occurrences by bit pattern (`patterns`) or by the 16 leading bits. */
  readonly counts: Float64Array | null;
  readonly values: Float32Array | Float64Array | null;
  readonly digest: DigestSum | null;
  readonly structure: StructureCounts | null;
  /** Of each sampled block: its share of zeros. */
  readonly shares: readonly number[];
}

export interface RefineAnswer {
  readonly kind: 'refine';
  /** For each prefix 65 536 counts of the next 16 bits. */
  readonly next: readonly Float64Array[];
  readonly histogram: Float64Array | null;
  readonly squaredDeviations: number;
  readonly nearZeros: number;
}

/** Sum of block hashes modulo 2¹²⁸, as four 32-bit words; the order of blocks is inside the hashes. */
export type DigestSum = readonly [number, number, number, number];
