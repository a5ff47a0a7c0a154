import type { TensorHead } from './facts.js';

/** What differs between two checkpoints before any value is read. */
export interface StructureDiff {
  readonly added: readonly TensorHead[];
  readonly removed: readonly TensorHead[];
  readonly renamed: readonly {
    readonly before: string;
    readonly after: string;
    readonly how: 'values identical' | 'shape and name alike';
  }[];
  readonly reshaped: readonly {
    readonly name: string;
    readonly before: readonly number[];
    readonly after: readonly number[];
  }[];
  readonly retyped: readonly { readonly name: string; readonly before: string; readonly after: string }[];
}

/** What differs in the values of one pair of tensors (matched by name or by rename). Plain data. */
export interface ValueDiff {
  readonly name: string;
  /** Where the name differs in the earlier file. */
  readonly nameBefore?: string;
  /** Elements compared: all of them, or those of the rows and columns both shapes have. */
  readonly elements: number;
  /** Elements whose value differs (NaN equals NaN, −0 equals +0). */
  readonly changed: number;
  /** Elements that are zero in exactly one of the two: `newZeros + newKept`. */
  readonly maskChanged: number;
  readonly newZeros: number;
  readonly newKept: number;
  readonly zeroInBoth: number;
  readonly keptInBoth: number;
  readonly maxAbsDelta: number;
  readonly l2Delta: number;
  readonly l2Before: number;
  readonly l2After: number;
  readonly sparsityBefore: number;
  readonly sparsityAfter: number;
  /** The largest differences, at most 8. */
  readonly largest: readonly { readonly index: readonly number[]; readonly before: number; readonly after: number }[];
  /** 64 equal bins of after − before over [low, high], the unchanged values apart. */
  readonly histogram: {
    readonly low: number;
    readonly high: number;
    readonly counts: readonly number[];
    readonly same: number;
  } | null;
}
