import { parseName, type TensorHead } from '@espalier/model';
import type { StructureDiff } from '../comparison.js';
import type { Digests } from './structureDiff.js';

type Rename = StructureDiff['renamed'][number];

/** Names at least this alike, with the same shape, are taken for a rename where nothing else fits. */
const ALIKE = 0.6;

/**
 * Finds out which tensors were renamed. First those whose values are identical; then whole prefixes that were put before all names or taken
 * away (`module.`, `model.`); then the same shape and similar names. Only unique matches count: where two candidates are as good, neither is taken.
 */
export function matchRenames(lost: readonly TensorHead[], gained: readonly TensorHead[], digests?: Digests): Rename[] {
  const open = {
    lost: new Map(lost.map((head) => [head.name, head])),
    gained: new Map(gained.map((head) => [head.name, head])),
  };
  const found = new Map<string, Rename>();
  const take = (before: TensorHead, after: TensorHead, how: Rename['how']): void => {
    open.lost.delete(before.name);
    open.gained.delete(after.name);
    found.set(before.name, { before: before.name, after: after.name, how });
  };
  const identical = (a: TensorHead, b: TensorHead): boolean => {
    const digest = digests?.before.get(a.name);
    return digest !== undefined && digest === digests?.after.get(b.name);
  };
  const differs = (a: TensorHead, b: TensorHead): boolean => {
    const [one, other] = [digests?.before.get(a.name), digests?.after.get(b.name)];
    return one !== undefined && other !== undefined && one !== other;
  };

  for (const [before, after] of bestPairs(open, (a, b) => (identical(a, b) ? 1 + nameLikeness(a.name, b.name) : 0))) {
    take(before, after, 'values identical');
  }
  for (const prefix of prefixChanges(open)) {
    for (const before of [...open.lost.values()]) {
      const after = open.gained.get(prefix.apply(before.name));
      if (after !== undefined && sameShapeKey(before) === sameShapeKey(after))
        take(before, after, 'shape and name alike');
    }
  }
  const alike = (a: TensorHead, b: TensorHead): number => {
    const likeness = differs(a, b) && a.role !== b.role ? 0 : nameLikeness(a.name, b.name);
    return likeness >= ALIKE ? likeness : 0;
  };
  for (const [before, after] of bestPairs(open, alike)) take(before, after, 'shape and name alike');
  return lost.flatMap((head) => found.get(head.name) ?? []);
}

interface Open {
  readonly lost: ReadonlyMap<string, TensorHead>;
  readonly gained: ReadonlyMap<string, TensorHead>;
}

const sameShapeKey = (head: TensorHead): string => head.shape.join();

/** More candidates of one shape than this are not compared pair by pair. */
const MAX_PAIRS_PER_SHAPE = 250_000;

function byShapeOf(heads: ReadonlyMap<string, TensorHead>): Map<string, TensorHead[]> {
  const groups = new Map<string, TensorHead[]>();
  for (const head of heads.values()) {
    const group = groups.get(sameShapeKey(head));
    if (group === undefined) groups.set(sameShapeKey(head), [head]);
    else group.push(head);
  }
  return groups;
}

/** Pairs of one shape that are each other's single best match. */
function bestPairs(
  { lost, gained }: Open,
  score: (a: TensorHead, b: TensorHead) => number,
): [TensorHead, TensorHead][] {
  const byShape = byShapeOf(gained);
  const pairs: [TensorHead, TensorHead][] = [];
  for (const [shape, befores] of byShapeOf(lost)) {
    const afters = byShape.get(shape) ?? [];
    if (befores.length * afters.length > MAX_PAIRS_PER_SHAPE) continue;
    const scores = befores.map((before) => afters.map((after) => score(before, after)));
    befores.forEach((before, i) => {
      const best = uniqueBest(scores[i]!);
      if (best === null) return;
      if (uniqueBest(scores.map((row) => row[best]!)) === i) pairs.push([before, afters[best]!]);
    });
  }
  return pairs;
}

/** Index of the largest score above 0, if it is the only one of that size. */
function uniqueBest(scores: readonly number[]): number | null {
  let best = -1;
  let twice = false;
  scores.forEach((score, i) => {
    if (score <= 0 || (best >= 0 && score < scores[best]!)) return;
    twice = best >= 0 && score === scores[best];
    best = i;
  });
  return best < 0 || twice ? null : best;
}

interface PrefixChange {
  readonly count: number;
  apply(name: string): string;
}

/** Prefixes put before, or taken from, at least half of the names that lost their partner. */
function prefixChanges({ lost, gained }: Open): PrefixChange[] {
  const votes = new Map<string, number>();
  const vote = (key: string): void => void votes.set(key, (votes.get(key) ?? 0) + 1);
  const suffixes = suffixesOf(gained);
  const lostSuffixes = suffixesOf(lost);
  for (const name of lost.keys()) for (const prefix of suffixes.get(name) ?? []) vote(`+${prefix}`);
  for (const name of gained.keys()) for (const prefix of lostSuffixes.get(name) ?? []) vote(`-${prefix}`);
  return [...votes]
    .filter(([, count]) => count >= 2 && count * 2 >= Math.min(lost.size, gained.size))
    .sort((a, b) => b[1] - a[1])
    .map(([key, count]) => {
      const prefix = key.slice(1);
      const apply = key.startsWith('+')
        ? (name: string): string => prefix + name
        : (name: string): string => (name.startsWith(prefix) ? name.slice(prefix.length) : '');
      return { count, apply };
    });
}

/** Every proper ending of the names at a separator, with the prefixes before it. */
function suffixesOf(heads: ReadonlyMap<string, TensorHead>): Map<string, string[]> {
  const endings = new Map<string, string[]>();
  for (const name of heads.keys()) {
    for (const { index } of name.matchAll(/[./]/g)) {
      const ending = name.slice(index + 1);
      endings.set(ending, [...(endings.get(ending) ?? []), name.slice(0, index + 1)]);
    }
  }
  return endings;
}

/**
 * How alike two names are, 0 to 1: twice the parts they share in order, over all parts (Dice's coefficient on the longest common
 * subsequence). The parameter at the end must agree: a bias never became a weight.
 */
export function nameLikeness(a: string, b: string): number {
  const [x, y] = [partsOf(a), partsOf(b)];
  if (x.parameter !== y.parameter) return 0;
  let row = new Array<number>(y.parts.length + 1).fill(0);
  for (const part of x.parts) {
    const next = [0];
    for (const [j, other] of y.parts.entries()) {
      next.push(part === other ? row[j]! + 1 : Math.max(row[j + 1]!, next[j]!));
    }
    row = next;
  }
  return (2 * row[y.parts.length]!) / (x.parts.length + y.parts.length);
}

interface NameParts {
  readonly parameter: string;
  /** `layer4.1.conv2` → layer, 4, 1, conv, 2. */
  readonly parts: readonly string[];
}

/** The same names are compared many times over. */
let known = new Map<string, NameParts>();

function partsOf(name: string): NameParts {
  const found = known.get(name);
  if (found !== undefined) return found;
  if (known.size > 50_000) known = new Map();
  const made = { parameter: parseName(name).parameter, parts: name.toLowerCase().match(/[a-z]+|\d+/g) ?? [] };
  known.set(name, made);
  return made;
}
