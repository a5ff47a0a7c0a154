import { invariant } from '@espalier/base';

/**
 * Exact order statistics without sorting. Floating numbers order like their bit patterns, sign and magnitude apart; so the rank is looked up
 * in counts of the 16 leading bits, then of the next 16 within the pattern found, until all bits are known.
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

export interface Width {
  /** 32 or 64. */
  readonly bits: 32 | 64;
  /** Bits of the exponent within the 16 leading ones: all set in NaN and Inf. */
  readonly exponent: number;
}

export const SINGLE: Width = { bits: 32, exponent: 0x7f80 };
export const DOUBLE: Width = { bits: 64, exponent: 0x7ff0 };

const DIGITS = 65_536;
const SIGN = 0x8000;

/** Looks up ranks among the finite values in counts of the 16 leading bits. */
export function startTargets(
  counts: Float64Array,
  wanted: readonly { readonly order: Target['order']; readonly rank: number }[],
  width: Width,
): Target[] {
  const finite = (prefix: number): boolean => (prefix & width.exponent) !== width.exponent;
  return wanted.map(({ order, rank }) => {
    let rest = rank;
    const step = (prefix: number, count: number): Target | null => {
      if (rest < count) return { order, prefix, rank: rest };
      rest -= count;
      return null;
    };
    if (order === 'magnitude') {
      for (let prefix = 0; prefix < SIGN; prefix++) {
        const found = finite(prefix) ? step(prefix, counts[prefix]! + counts[prefix | SIGN]!) : null;
        if (found !== null) return found;
      }
    } else {
      // From the most negative down to −0, then from +0 up.
      for (let i = 0; i < DIGITS; i++) {
        const prefix = i < SIGN ? DIGITS - 1 - i : i - SIGN;
        const found = finite(prefix) ? step(prefix, counts[prefix]!) : null;
        if (found !== null) return found;
      }
    }
    return invariant(false, `rank ${rank} is beyond the finite values`) as never;
  });
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

/** Moves targets on by 16 bits. `next[i]` counts the continuation of `prefixes[i]`. */
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
    const mirrored = order === 'magnitude' ? slot.get(prefix + sign)! : null;
    const descending = order === 'signed' && prefix >= sign;
    let rest = rank;
    for (let i = 0; i < DIGITS; i++) {
      const digit = descending ? DIGITS - 1 - i : i;
      const count = own[digit]! + (mirrored?.[digit] ?? 0);
      if (rest < count)
        return knownBits === 48
          ? { order, prefix, rank: rest, tail: digit }
          : { order, prefix: prefix * DIGITS + digit, rank: rest };
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
