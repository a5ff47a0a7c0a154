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
export type ScanQuestion = FirstQuestion | RefineQuestion | StructureQuestion;

/** The first read: counts, sums, extremes, order by leading bits, digest, structure. */
export interface FirstQuestion {
  readonly kind: 'first';
  readonly mode: ScanMode;
  readonly structure: boolean;
  readonly digest: boolean;
  /** Sums in full double precision; where there are many values, rounding averages out and speed counts more. */
  readonly precise: boolean;
  /** Keep the values themselves (small tensors need no second read), or count their leading bits, sign first. */
  readonly order: 'keep' | { readonly leadingBits: number } | null;
}

/** A further read: how values go on whose leading bits are known, and what needs the range or the mean. */
export interface RefineQuestion {
  readonly kind: 'refine';
  readonly mode: ScanMode;
  /** Leading bits (sign first) that are known of the values looked for … */
  readonly knownBits: number;
  /** … the first of them, by which values were told apart in the first read … */
  readonly slotBits: number;
  /** … how many more are asked for … */
  readonly nextBits: number;
  /** … and the known bits in question, ascending. */
  readonly prefixes: readonly number[];
  /** Range of the histogram, once, where it must be counted value by value. Zeros are left out. */
  readonly histogram: { readonly low: number; readonly high: number } | null;
  /** Borders of the histogram that fall among values with the same leading bits: how many of them reach the threshold in the bits that follow. */
  readonly borders: { readonly prefixes: readonly number[]; readonly thresholds: readonly number[] } | null;
  /** Sum of squared differences from this value, once. */
  readonly deviationsFrom: number | null;
  /** What differences are multiplied by before they are squared. */
  readonly deviationScale: number;
  /** Count of |x| ≤ this, once. */
  readonly nearLimit: number | null;
}

/** A read for structure alone, of tensors whose rows are too large for a run of them: each box is a tensor of its own. */
export interface StructureQuestion {
  readonly kind: 'structure';
  readonly mode: ScanMode;
}

export type ScanAnswer = FirstAnswer | RefineAnswer | StructureAnswer;

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
  /** Occurrences by bit pattern (`patterns`) or by leading bits. */
  readonly counts: Float64Array | null;
  readonly values: Float32Array | Float64Array | null;
  readonly digest: DigestSum | null;
  readonly structure: StructureCounts | null;
  /** Of each sampled block: its share of zeros. */
  readonly shares: readonly number[];
}

export interface RefineAnswer {
  readonly kind: 'refine';
  /** For each prefix 2^nextBits counts. */
  readonly next: readonly Float64Array[];
  readonly histogram: Float64Array | null;
  /** One count a border. */
  readonly above: Float64Array | null;
  readonly squaredDeviations: number;
  readonly nearZeros: number;
}

export interface StructureAnswer {
  readonly kind: 'structure';
  readonly structure: StructureCounts;
}

/** Sum of block hashes modulo 2¹²⁸, as four 32-bit words; the order of blocks is inside the hashes. */
export type DigestSum = readonly [number, number, number, number];
