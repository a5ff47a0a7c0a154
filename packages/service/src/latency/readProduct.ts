import { fittingPart, type LayerProduct, type ProductPart, type TensorHead } from '@espalier/analysis';
import { breathe, type Work } from '@espalier/base';
import { readValues, type TensorEntry } from '@espalier/checkpoint';
import { type KernelMatrix, kernelMatrix } from '@espalier/pruning';

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
  if (head.noValues !== undefined) return 'its values cannot be read';
  const grouping = groupingOf(head);
  if (grouping === null) return 'the groups of this convolution do not divide its channels';
  const { matrix: _, ...size } = grouping;
  const fromGraph = macs === null ? null : Math.round(macs / head.elements);
  if (columns !== null) return { ...size, columns, columnsFrom: 'asked' };
  if (fromGraph !== null && fromGraph > 0) return { ...size, columns: fromGraph, columnsFrom: 'graph' };
  return { ...size, columns: ASSUMED_COLUMNS, columnsFrom: 'assumed' };
}

interface Grouping {
  readonly matrix: KernelMatrix;
  /** Of one group. */
  readonly rows: number;
  readonly inner: number;
  readonly groups?: number;
}

/** The products that a weight is made of; null where its groups do not divide it. Each output channel of a depthwise convolution is a product of its own. */
function groupingOf(head: TensorHead): Grouping | null {
  const { axes, shape } = head;
  const depthwise = head.role === 'depthwise-conv';
  const output = depthwise ? shape.map((_, axis) => axis).filter((axis) => !axes.kernel.includes(axis)) : axes.output;
  const matrix = kernelMatrix({ shape, axes: { ...axes, output } });
  const groups = depthwise ? matrix.rows : axes.groups;
  if (groups === 1) return { matrix, rows: matrix.rows, inner: matrix.columns };
  if (head.role === 'transposed-conv') {
    // Its groups divide the inputs, which come first; all of them share the names of the output channels.
    if (matrix.columns % groups !== 0 || axes.input.join() !== '0') return null;
    return { matrix, rows: matrix.rows, inner: matrix.columns / groups, groups };
  }
  return matrix.rows % groups === 0 ? { matrix, rows: matrix.rows / groups, inner: matrix.columns, groups } : null;
}

/** As many rows of the kernel matrix, and of each group, as are timed: groups × rows × inner. Raises the source's faults. */
export async function readProduct(
  entry: TensorEntry,
  head: TensorHead,
  product: LayerProduct,
  work: Work,
): Promise<{ readonly part: ProductPart; readonly weights: Float32Array }> {
  const part = fittingPart(product);
  const { inner, groups = 1 } = part;
  const weights = new Float32Array(groups * part.rows * inner);
  const { matrix, rows } = groupingOf(head)!;
  const across = matrix.columns / inner;
  // Where rows lie one after the other, the others need not be read.
  const end = head.axes.output.join() === '0' && (groups === 1 || part.rows === rows) ? weights.length : entry.elements;
  for (let begin = 0; begin < end; begin += WINDOW_ELEMENTS) {
    work.signal.throwIfAborted();
    const count = Math.min(WINDOW_ELEMENTS, end - begin);
    const values = await readValues(entry, begin, count, work.signal);
    matrix.walk(begin, count, (offset, length, firstRow, firstColumn, rowStep, columnStep) => {
      for (let i = 0; i < length; i++) {
        const [row, column] = [firstRow + i * rowStep, firstColumn + i * columnStep];
        // Groups lie below each other, or (transposed) side by side.
        const group = across === 1 ? Math.floor(row / rows) : Math.floor(column / inner);
        const own = across === 1 ? row - group * rows : row;
        if (group < groups && own < part.rows)
          weights[(group * part.rows + own) * inner + (column % inner)] = values[offset + i]!;
      }
    });
    await breathe();
  }
  return { part, weights };
}
