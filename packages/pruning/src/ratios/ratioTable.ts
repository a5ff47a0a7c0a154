import { type Fault, ok, type Result } from '@espalier/base';
import { type RatioLayer, totalElements } from './ratioLayer.js';
import { exactCount, layerDensities, type Ratio, type RatioOptions } from './ratios.js';

export interface RatioRow {
  readonly name: string;
  readonly shape: readonly number[];
  readonly elements: number;
  /** The share of weights that stay, not rounded. */
  readonly density: number;
  /** Whether the capacity of the layer, not the ratio, sets its density. */
  readonly dense: boolean;
  /** Whole weights that stay. */
  readonly nonZeros: number;
}

export interface RatioTable {
  readonly layers: readonly RatioRow[];
  /** The factor ε of the Erdős–Rényi ratios, the x of `balanced`, the p of `pyramidal`, the body's density of `uniform+`; null where there is none. */
  readonly epsilon: number | null;
  /** Σ density · elements / Σ elements. */
  readonly overallDensity: number;
  readonly nonZeros: number;
}

/** The densities of layers as a table, with exact counts. Faults: `prune/ratio-impossible`. */
export function ratioTable(
  ratio: Ratio,
  layers: readonly RatioLayer[],
  density: number,
  options: RatioOptions = {},
): Result<RatioTable, Fault> {
  const found = layerDensities(ratio, layers, density, options);
  if (!found.ok) return found;
  const rows = layers.map(({ name, shape, elements }, i): RatioRow => {
    const own = found.value.densities[i]!;
    return { name, shape, elements, density: own, dense: own === 1, nonZeros: exactCount(own, elements) };
  });
  return ok({
    layers: rows,
    epsilon: found.value.factor,
    overallDensity: rows.reduce((sum, row) => sum + row.elements * row.density, 0) / totalElements(layers),
    nonZeros: rows.reduce((sum, row) => sum + row.nonZeros, 0),
  });
}
