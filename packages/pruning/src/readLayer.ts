import { breathe, type Work } from '@espalier/base';
import { readValues } from '@espalier/checkpoint';
import type { Values } from '@espalier/tensor';
import type { PrunableLayer } from './layer.js';

/** Values of a window: 4 MB of f32. */
const WINDOW_ELEMENTS = 1 << 20;

/**
 * The values of a layer from first to last, window by window, as an earlier step left them. Windows begin at multiples of 8 elements and of `unit`: groups of
 * so many stay together.
 */
export async function* valueWindows(
  { entry }: Pick<PrunableLayer, 'entry'>,
  work: Work,
  unit = 8,
): AsyncGenerator<{ readonly begin: number; readonly values: Values }> {
  const whole = unit % 8 === 0 ? unit : 8 * unit;
  const length = whole * Math.max(1, Math.floor(WINDOW_ELEMENTS / whole));
  for (let begin = 0; begin < entry.elements; begin += length) {
    work.signal.throwIfAborted();
    const values = await readValues(entry, begin, Math.min(length, entry.elements - begin), work.signal);
    yield { begin, values };
    await breathe();
  }
}

/** All values at once, for methods that look at a layer as a whole. Bounded by the size of the largest layer. */
export async function allValues(layer: Pick<PrunableLayer, 'entry'>, work: Work): Promise<Float32Array | Float64Array> {
  const all =
    layer.entry.dtype === 'F64' ? new Float64Array(layer.entry.elements) : new Float32Array(layer.entry.elements);
  for await (const { begin, values } of valueWindows(layer, work)) {
    all.set(values, begin);
  }
  return all;
}
