import { breathe, type Work } from '@espalier/base';
import { readValues } from '@espalier/checkpoint';
import type { Values } from '@espalier/tensor';
import type { PrunableLayer } from './layer.js';

/** Values of a window: 4 MB of f32. */
const WINDOW_ELEMENTS = 1 << 20;

/** The values of a layer from first to last, window by window, as an earlier step left them. */
export async function* valueWindows(
  { entry }: PrunableLayer,
  work: Work,
): AsyncGenerator<{ readonly begin: number; readonly values: Values }> {
  for (let begin = 0; begin < entry.elements; begin += WINDOW_ELEMENTS) {
    work.signal.throwIfAborted();
    const values = await readValues(entry, begin, Math.min(WINDOW_ELEMENTS, entry.elements - begin), work.signal);
    yield { begin, values };
    await breathe();
  }
}

/** All values at once, for methods that look at a layer as a whole. Bounded by the size of the largest layer. */
export async function allValues(layer: PrunableLayer, work: Work): Promise<Float32Array | Float64Array> {
  const all =
    layer.entry.dtype === 'F64' ? new Float64Array(layer.entry.elements) : new Float32Array(layer.entry.elements);
  for await (const { begin, values } of valueWindows(layer, work)) {
    all.set(values, begin);
  }
  return all;
}
