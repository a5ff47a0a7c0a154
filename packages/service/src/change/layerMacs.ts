import type { Checkpoint } from '@espalier/checkpoint';
import { type OperatorCost, operatorCosts, type TensorHead } from '@espalier/model';

/** How multiply-adds are counted. */
export const MAC_CONVENTION =
  'One multiply-accumulate is 1, for one run of the graph; an open batch counts as 1; effective ones leave out weights that are zero.';

/** Multiply-accumulates of each layer in one run, by the layer's name; null without a graph. Operators that are not understood add nothing. */
export function layerMacs(
  { graph }: Pick<Checkpoint, 'graph'>,
  heads: readonly TensorHead[],
): ReadonlyMap<string, number> | null {
  return graph === undefined ? null : macsByLayer(operatorCosts(graph, heads));
}

/** The same from operators whose costs are known already. */
export function macsByLayer(operators: readonly OperatorCost[]): ReadonlyMap<string, number> {
  const macs = new Map<string, number>();
  for (const { layer, macs: count, inTotal } of operators) {
    if (layer === undefined || count === null || inTotal === false) continue;
    macs.set(layer, (macs.get(layer) ?? 0) + count);
  }
  return macs;
}
