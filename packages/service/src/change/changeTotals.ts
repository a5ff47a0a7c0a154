import type { SizesAsStored } from '@espalier/analysis';
import type { ChangeTotals, LayerChange, Pair } from '@espalier/protocol';

/** The changes of all tensors together. Tensors that share their bytes with an earlier one are left out by the caller. */
export function changeTotals(layers: readonly LayerChange[], macConvention: string | null): ChangeTotals {
  const parameters = layers.filter(({ role }) => role !== 'text' && role !== 'optimizer');
  const chosen = layers.filter((layer) => layer.leftAlone === null);
  const withMacs = layers.filter((layer) => layer.macs !== null);
  return {
    parameters: sumPair(parameters, (layer) => layer.elements),
    zeros: sumPair(parameters, (layer) => layer.zeros),
    prunableElements: sumPair(chosen, (layer) => layer.elements),
    prunableZeros: sumPair(chosen, (layer) => layer.zeros),
    energyKept: energyKept(chosen),
    sizes: { before: sumSizes(layers.map((l) => l.sizes.before)), after: sumSizes(layers.map((l) => l.sizes.after)) },
    macs:
      withMacs.length === 0
        ? null
        : {
            before: sumMacs(withMacs.map((layer) => layer.macs!.before)),
            after: sumMacs(withMacs.map((layer) => layer.macs!.after)),
          },
    macConvention,
    masked: null,
  };
}

const sumPair = (layers: readonly LayerChange[], of: (layer: LayerChange) => Pair<number>): Pair<number> => ({
  before: layers.reduce((sum, layer) => sum + of(layer).before, 0),
  after: layers.reduce((sum, layer) => sum + of(layer).after, 0),
});

const sumMacs = (
  all: readonly { readonly dense: number; readonly effective: number }[],
): { dense: number; effective: number } => ({
  dense: all.reduce((sum, { dense }) => sum + dense, 0),
  effective: all.reduce((sum, { effective }) => sum + effective, 0),
});

function sumSizes(all: readonly SizesAsStored[]): SizesAsStored {
  const sum = (of: (sizes: SizesAsStored) => number): number => all.reduce((total, sizes) => total + of(sizes), 0);
  const packed = all.some(({ packed24 }) => packed24 !== null);
  return {
    raw: sum(({ raw }) => raw),
    gzip: null,
    csr: sum(({ csr }) => csr),
    bitmask: sum(({ bitmask }) => bitmask),
    // A tensor that cannot be packed keeps its bytes.
    packed24: packed
      ? {
          bytes: sum(({ packed24, raw }) => (packed24?.fits === 1 ? packed24.bytes : raw)),
          fits: Math.min(...all.flatMap(({ packed24 }) => packed24?.fits ?? [])),
        }
      : null,
  };
}

/** Of the tensors that a step touched. */
function energyKept(layers: readonly LayerChange[]): number | null {
  const known = layers.flatMap(({ energy }) => energy ?? []);
  const before = known.reduce((sum, energy) => sum + energy.before, 0);
  return before === 0 ? null : Math.min(1, known.reduce((sum, energy) => sum + energy.after, 0) / before);
}
