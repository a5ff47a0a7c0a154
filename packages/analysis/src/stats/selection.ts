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
  const half = counts.length / 2;
  // Magnitudes from here on have an exponent of all ones: Inf and NaN.
  const finite = half - half / 2 ** exponentBits;
  const signed = new Sweep(wanted.filter(({ order }) => order === 'signed'));
  // From the most negative down to −0, then from +0 up.
  for (let prefix = half + finite - 1; prefix >= half && signed.open; prefix--) signed.pass(prefix, counts[prefix]!);
  for (let prefix = 0; prefix < finite && signed.open; prefix++) signed.pass(prefix, counts[prefix]!);
  const magnitude = new Sweep(wanted.filter(({ order }) => order === 'magnitude'));
  for (let prefix = 0; prefix < finite && magnitude.open; prefix++) {
    magnitude.pass(prefix, counts[prefix]! + counts[prefix + half]!);
  }
  return wanted.map((target) => (target.order === 'signed' ? signed : magnitude).found(target.rank));
}

/** Goes through prefixes in order, and notes the one that each rank falls into. */
class Sweep {
  private readonly ranks: readonly Wanted[];
  private readonly targets = new Map<number, Target>();
  private passed = 0;
  private next = 0;
  private wanted: number;

  constructor(wanted: readonly Wanted[]) {
    this.ranks = [...wanted].sort((a, b) => a.rank - b.rank);
    this.wanted = this.ranks[0]?.rank ?? Number.POSITIVE_INFINITY;
  }

  /** False once every rank is found. */
  get open(): boolean {
    return this.next < this.ranks.length;
  }

  pass(prefix: number, count: number): void {
    const passed = this.passed + count;
    while (this.wanted < passed) {
      const { order, rank } = this.ranks[this.next++]!;
      this.targets.set(rank, { order, prefix, rank: rank - this.passed });
      this.wanted = this.ranks[this.next]?.rank ?? Number.POSITIVE_INFINITY;
    }
    this.passed = passed;
  }

  found(rank: number): Target {
    const target = this.targets.get(rank);
    invariant(target !== undefined, `rank ${rank} lies beyond the finite values`);
    return target;
  }
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
