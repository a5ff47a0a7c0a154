import type { TensorHead } from '@espalier/model';
import { BITS, isDtype } from '@espalier/tensor';
import type { StructureDiff } from '../comparison.js';
import { matchRenames } from './renames.js';

/** Digests of the values by tensor name, as far as they are known. */
export interface Digests {
  readonly before: ReadonlyMap<string, string>;
  readonly after: ReadonlyMap<string, string>;
}

/** What differs between two checkpoints before values are compared. With digests, renamed tensors are found by their values. */
export function structureDiff(
  before: readonly TensorHead[],
  after: readonly TensorHead[],
  digests?: Digests,
): StructureDiff {
  const inBefore = new Map(before.map((head) => [head.name, head]));
  const inAfter = new Map(after.map((head) => [head.name, head]));
  const lost = before.filter((head) => !inAfter.has(head.name));
  const gained = after.filter((head) => !inBefore.has(head.name));
  const renamed = matchRenames(lost, gained, digests);
  const renamedFrom = new Set(renamed.map((rename) => rename.before));
  const renamedTo = new Set(renamed.map((rename) => rename.after));
  const pairs = pairsOf(before, after, renamed);
  return {
    added: gained.filter((head) => !renamedTo.has(head.name)),
    removed: lost.filter((head) => !renamedFrom.has(head.name)),
    renamed,
    reshaped: pairs
      .filter(([a, b]) => !sameShape(a.shape, b.shape))
      .map(([a, b]) => ({ name: b.name, before: a.shape, after: b.shape })),
    retyped: pairs.flatMap(([a, b]) => retyped(a, b)),
  };
}

/** Tensors of both files that belong together, by name or by rename, in the order of the earlier file. */
export function pairsOf(
  before: readonly TensorHead[],
  after: readonly TensorHead[],
  renamed: StructureDiff['renamed'],
): [before: TensorHead, after: TensorHead][] {
  const inAfter = new Map(after.map((head) => [head.name, head]));
  const newName = new Map(renamed.map((rename) => [rename.before, rename.after]));
  return before.flatMap((head): [TensorHead, TensorHead][] => {
    const match = inAfter.get(newName.get(head.name) ?? head.name);
    return match === undefined ? [] : [[head, match]];
  });
}

/**
 * Tensors whose digest would tell whether they were renamed: those without a partner whose shape occurs on the other side as well.
 * Reading these is worth it before `structureDiff` is asked again.
 */
export function renameCandidates(
  before: readonly TensorHead[],
  after: readonly TensorHead[],
): { before: string[]; after: string[] } {
  const { removed, added } = structureDiff(before, after);
  const shapes = (heads: readonly TensorHead[]): Set<string> => new Set(heads.map((head) => head.shape.join()));
  const [lost, gained] = [shapes(removed), shapes(added)];
  const readable = (head: TensorHead): boolean => head.noValues === undefined;
  return {
    before: removed.filter((head) => readable(head) && gained.has(head.shape.join())).map((head) => head.name),
    after: added.filter((head) => readable(head) && lost.has(head.shape.join())).map((head) => head.name),
  };
}

/** Another logical type, or the same one stored in another number of bits (a quantized copy). */
function retyped(a: TensorHead, b: TensorHead): StructureDiff['retyped'] {
  if (a.dtype !== b.dtype) return [{ name: b.name, before: typeText(a), after: typeText(b) }];
  if (isPlain(a) === isPlain(b) || a.elements !== b.elements) return [];
  return [{ name: b.name, before: a.storage, after: b.storage }];
}

const typeText = (head: TensorHead): string => (isPlain(head) ? head.dtype : head.storage);

/** True where the bytes are as many as the logical type takes. */
const isPlain = ({ dtype, bytes, elements }: TensorHead): boolean =>
  !isDtype(dtype) || elements === 0 || bytes === Math.ceil((elements * BITS[dtype]) / 8);

export const sameShape = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((length, axis) => length === b[axis]);
