import type { Work } from '@espalier/base';
import type { PrunableLayer } from './layer.js';
import { allValues } from './readLayer.js';
import { roundHalfEven } from './roundHalfEven.js';

/**
 * The share of a layer's energy Σw² that goes when the smallest weights go, for each of some sparsities, ascending. Exact: the magnitudes are
 * sorted. NaN when the layer has no energy.
 */
export async function energyLost(layer: PrunableLayer, sparsities: readonly number[], work: Work): Promise<number[]> {
  const magnitudes = Float64Array.from(await allValues(layer, work), Math.abs)
    .filter((value) => Number.isFinite(value))
    .sort();
  const total = magnitudes.reduce((sum, value) => sum + value * value, 0);
  let at = 0;
  let lost = 0;
  return sparsities.map((sparsity) => {
    const end = Math.min(magnitudes.length, roundHalfEven(sparsity * layer.entry.elements));
    for (; at < end; at++) lost += magnitudes[at]! ** 2;
    return lost / total;
  });
}
