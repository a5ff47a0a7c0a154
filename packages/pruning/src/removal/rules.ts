import type { GraphNode } from '@espalier/checkpoint';
import type { Followed, Follower } from './follower.js';

/**
 * What the outputs of a node are, in order; null for one whose channels are not followed. Null for all: the operator is not understood, and its
 * inputs are pinned.
 *
 * @param inputs those of the node that are followed, undefined for others
 */
export type Rule = (
  follower: Follower,
  node: GraphNode,
  inputs: readonly (Followed | undefined)[],
) => readonly (Followed | null)[] | null;

export const one = (value: Followed | null): readonly Followed[] | null => (value === null ? null : [value]);

export const axisOf = (axis: number, rank: number): number => (axis < 0 ? axis + rank : axis);

/** Whole numbers of an attribute, or of a small constant that is the input of this number. */
export function numbersOf(
  { tensors }: Follower,
  node: GraphNode,
  attribute: string,
  input?: number,
): readonly number[] | undefined {
  const given = node.attributes[attribute];
  if (Array.isArray(given)) return given.map(Number);
  if (typeof given === 'number') return [given];
  const name = input === undefined ? undefined : node.inputs[input];
  return name === undefined || name === '' ? undefined : tensors.numbers(name);
}
