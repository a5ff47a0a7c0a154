import { invariant } from '@espalier/base';

/**
 * Exact order statistics without sorting. Floating numbers order like their bit patterns, sign and magnitude apart; so a rank is looked up
 * in counts of the leading bits, then of the next bits within the pattern found, until all bits are known.
 */
export interface Target {
  /** `signed`: from the smallest value; `magnitude`: from the smallest |value|. */
  readonly order: 'signed' | 'magnitude';
  /** Leading bits found so far; of magnitudes without the sign bit. */
  readonly prefix: number;
  /** 0-based rank among the values that begin with the prefix. */
  readonly rank: number;
  /** The last 16 of 64 bits: together with 48 leading ones they would not fit a safe integer. */
  readonly tail?: number;
}

export type Wanted = Pick<Target, 'order' | 'rank'>;

/** Looks up ranks among the finite values in counts of the leading bits (sign first). `exponentBits` is 8 for f32 and 11 for f64. */
export function startTargets(counts: Float64Array, wanted: readonly Wanted[], exponentBits: number): Target[] {
  const places = counts.length;
  const half = places / 2;
  // Magnitudes from here on have an exponent of all ones: Inf and NaN.
  const finite = half - half / 2 ** exponentBits;
  const signed = sweep(
    wanted.filter(({ order }) => order === 'signed'),
    2 * finite,
    // From the most negative down to −0, then from +0 up.
    (step) => (step < finite ? half + finite - 1 - step : step - finite),
    (prefix) => counts[prefix]!,
  );
  const magnitude = sweep(
    wanted.filter(({ order }) => order === 'magnitude'),
    finite,
    (step) => step,
    (prefix) => counts[prefix]! + counts[prefix + half]!,
  );
  return wanted.map((target) => (target.order === 'signed' ? signed : magnitude).get(target.rank)!);
}

/** Goes through prefixes in order, and finds the one that each rank falls into. */
function sweep(
  wanted: readonly Wanted[],
  steps: number,
  prefixOf: (step: number) => number,
  countOf: (prefix: number) => number,
): Map<number, Target> {
  const found = new Map<number, Target>();
  const ranks = [...wanted].sort((a, b) => a.rank - b.rank);
  let passed = 0;
  let next = 0;
  for (let step = 0; step < steps && next < ranks.length; step++) {
    const prefix = prefixOf(step);
    const count = countOf(prefix);
    if (count === 0) continue;
    for (; next < ranks.length && ranks[next]!.rank < passed + count; next++) {
      const { order, rank } = ranks[next]!;
      found.set(rank, { order, prefix, rank: rank - passed });
    }
    passed += count;
  }
  invariant(next === ranks.length, 'a rank lies beyond the finite values');
  return found;
}

/** The prefixes whose continuation must be counted, ascending. */
export function prefixesOf(targets: readonly Target[], knownBits: number): number[] {
  const all = new Set<number>();
  for (const { order, prefix } of targets) {
    all.add(prefix);
    if (order === 'magnitude') all.add(prefix + 2 ** (knownBits - 1));
  }
  return [...all].sort((a, b) => a - b);
}

/** Moves targets on by the bits that were counted. `next[i]` counts the continuation of `prefixes[i]`. */
export function advanceTargets(
  targets: readonly Target[],
  prefixes: readonly number[],
  next: readonly Float64Array[],
  knownBits: number,
): Target[] {
  const slot = new Map(prefixes.map((prefix, i) => [prefix, next[i]!]));
  const sign = 2 ** (knownBits - 1);
  return targets.map(({ order, prefix, rank }) => {
    const own = slot.get(prefix)!;
    const digits = own.length;
    const mirrored = order === 'magnitude' ? slot.get(prefix + sign)! : null;
    const descending = order === 'signed' && prefix >= sign;
    let rest = rank;
    for (let i = 0; i < digits; i++) {
      const digit = descending ? digits - 1 - i : i;
      const count = own[digit]! + (mirrored?.[digit] ?? 0);
      if (rest < count) {
        if (knownBits === 48) return { order, prefix, rank: rest, tail: digit };
        return { order, prefix: prefix * digits + digit, rank: rest };
      }
      rest -= count;
    }
    return invariant(false, 'the counts do not cover the rank') as never;
  });
}

const scratch = new DataView(new ArrayBuffer(8));

/** The value whose bits are all known. −0 becomes 0. */
export function valueOfTarget({ order, prefix, tail }: Target): number {
  let value: number;
  if (tail === undefined) {
    scratch.setUint32(0, prefix);
    value = scratch.getFloat32(0);
  } else {
    scratch.setUint16(0, Math.floor(prefix / 2 ** 32));
    scratch.setUint32(2, prefix % 2 ** 32);
    scratch.setUint16(6, tail);
    value = scratch.getFloat64(0);
  }
  return (order === 'magnitude' ? Math.abs(value) : value) + 0;
}

/** How many magnitudes are at most a limit, as far as leading bits tell. */
export interface Below {
  /** Certainly at most the limit. */
  readonly count: number;
  /** Leading bits of the limit, without the sign; null when `count` is all. */
  readonly prefix: number | null;
}

/** Counts magnitudes up to a limit whose `bits` (without the sign) are known; the values that share its leading bits stay open. */
export function countBelow(counts: Float64Array, bits: number, trailingBits: number): Below {
  const half = counts.length / 2;
  const prefix = Math.floor(bits / 2 ** trailingBits);
  let count = 0;
  for (let i = 0; i < prefix; i++) count += counts[i]! + counts[i + half]!;
  return { count, prefix: counts[prefix]! + counts[prefix + half]! === 0 ? null : prefix };
}
