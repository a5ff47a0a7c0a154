import type { Checkpoint } from '@espalier/checkpoint';
import { operatorCosts, type TensorHead } from '@espalier/model';

/** How multiply-adds are counted. */
export const MAC_CONVENTION =
  'One multiply-accumulate is 1, for one run of the graph; an open batch counts as 1; effective ones leave out weights that are zero.';

/** Multiply-accumulates of each layer in one run, by the layer's name; null without a graph. Operators that are not understood add nothing. */
export function layerMacs(
  { graph }: Pick<Checkpoint, 'graph'>,
  heads: readonly TensorHead[],
): ReadonlyMap<string, number> | null {
  if (graph === undefined) return null;
  const macs = new Map<string, number>();
  for (const { layer, macs: count, inTotal } of operatorCosts(graph, heads)) {
    if (layer === undefined || count === null || inTotal === false) continue;
    macs.set(layer, (macs.get(layer) ?? 0) + count);
  }
  return macs;
}
