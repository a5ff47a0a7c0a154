import { fittingPart, type LayerProduct, type ProductPart, type TensorHead } from '@espalier/analysis';
import { breathe, type Work } from '@espalier/base';
import { readValues, type TensorEntry } from '@espalier/checkpoint';
import { kernelMatrix } from '@espalier/pruning';

/** Values that are read at once: 4 MB of f32. */
const WINDOW_ELEMENTS = 1 << 20;

/** Columns where nothing tells to how many positions a layer is applied. */
const ASSUMED_COLUMNS = 256;

export interface ProductOfLayer extends LayerProduct {
  readonly columnsFrom: 'graph' | 'asked' | 'assumed';
}

/**
 * The product that a layer is; a sentence where it is none. `macs` are its multiply-accumulates for one run, which tell the columns; null where the graph is
 * not known. `columns` overrides both.
 */
export function productOf(head: TensorHead, macs: number | null, columns: number | null): ProductOfLayer | string {
  if (head.axes.output.length === 0 || head.elements === 0 || !head.prunable) return 'not a weight matrix';
  if (head.role === 'embedding') return 'an embedding is looked up, not multiplied';
  if (head.axes.groups !== 1 || head.role === 'depthwise-conv')
    return 'a convolution in groups is many small products: not measured yet';
  if (head.noValues !== undefined) return 'its values cannot be read';
  const { rows, columns: inner } = kernelMatrix(head);
  const fromGraph = macs === null ? null : Math.round(macs / head.elements);
  if (columns !== null) return { rows, inner, columns, columnsFrom: 'asked' };
  if (fromGraph !== null && fromGraph > 0) return { rows, inner, columns: fromGraph, columnsFrom: 'graph' };
  return { rows, inner, columns: ASSUMED_COLUMNS, columnsFrom: 'assumed' };
}

/** The first rows of the kernel matrix, as many as are timed. Raises the source's faults. */
export async function readProduct(
  entry: TensorEntry,
  head: TensorHead,
  product: LayerProduct,
  work: Work,
): Promise<{ readonly part: ProductPart; readonly weights: Float32Array }> {
  const part = fittingPart(product);
  const { inner } = part;
  const weights = new Float32Array(part.rows * inner);
  const matrix = kernelMatrix(head);
  // Where rows lie one after the other, the others need not be read.
  const end = head.axes.output.join() === '0' ? weights.length : entry.elements;
  for (let begin = 0; begin < end; begin += WINDOW_ELEMENTS) {
    work.signal.throwIfAborted();
    const count = Math.min(WINDOW_ELEMENTS, end - begin);
    const values = await readValues(entry, begin, count, work.signal);
    matrix.walk(begin, count, (offset, length, row, column, rowStep, columnStep) => {
      for (let i = 0; i < length; i++) {
        const at = row + i * rowStep;
        if (at < part.rows) weights[at * inner + column + i * columnStep] = values[offset + i]!;
      }
    });
    await breathe();
  }
  return { part, weights };
}
