import { type LayerTimes, measureGroups, measureLayer, type TensorHead } from '@espalier/analysis';
import type { Work } from '@espalier/base';
import type { TensorEntry } from '@espalier/checkpoint';
import { kernels } from '@espalier/kernels';
import { productOf, readProduct } from './readProduct.js';

/** A layer is timed so often, or for so long. */
const ROUNDS = 9;
const BUDGET_MS = 300;

/**
 * Times a layer on this machine and thread; a sentence where it is no product. Raises the source's faults; aborts fly between laps.
 */
export async function layerTimes(
  { entry, head }: { readonly entry: TensorEntry; readonly head: TensorHead },
  { macs, columns, now }: { readonly macs: number | null; readonly columns: number | null; readonly now: () => number },
  work: Work,
): Promise<LayerTimes | string> {
  const product = productOf(head, macs, columns);
  if (typeof product === 'string') return product;
  const k = kernels();
  const { part, weights } = await readProduct(entry, head, product, work);
  const options = { now, rounds: ROUNDS, budgetMs: BUDGET_MS };
  const measured =
    part.groups === undefined
      ? { ways: await measureLayer(weights, part, k, options, work) }
      : await measureGroups(weights, part, k, options, work);
  const zeros = weights.reduce((count, weight) => count + (weight === 0 ? 1 : 0), 0);
  return {
    ...product,
    ...measured,
    timed: {
      rows: part.rows,
      columns: part.columns,
      ...(part.groups === undefined ? {} : { groups: part.groups }),
    },
    sparsity: zeros / weights.length,
    engine: `${k.variant === 'wasm-simd' ? 'WASM SIMD' : 'plain JavaScript'}, 1 thread`,
  };
}
