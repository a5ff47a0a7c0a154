import { breathe, type Fault, fail, ok, type Result, type Work } from '@espalier/base';
import { readValues, type TensorEntry } from '@espalier/checkpoint';
import type { Values } from '@espalier/tensor';
import { cellsOf } from './cells.js';
import { ErrorSums, type QuantizationError } from './metrics.js';
import { encode, type Quantizer } from './quantizer.js';
import {
  addErrors,
  codeCount,
  needsValues,
  type QuantizeOptions,
  quantizerFrom,
  quantizerOf,
} from './quantizeTensor.js';
import { CellRanges } from './ranges.js';

/** Values that are read at once: 4 MB of f32. */
export const WINDOW_ELEMENTS = 1 << 20;

export interface QuantizedLayer {
  readonly quantizer: Quantizer;
  readonly error: QuantizationError;
}

/**
 * Quantizes a tensor of a checkpoint: reads it once for its ranges (at once where the clip depends on all values) and once for the errors; codes are made anew when
 * they are written. Values that are not finite are refused by name, count and place (`quantize/non-finite`), a scale that f32 does not hold as well
 * (`quantize/overflow`). Faults of the source are raised; aborts fly.
 */
export async function quantizeLayer(
  entry: TensorEntry,
  options: QuantizeOptions,
  work: Work,
): Promise<Result<QuantizedLayer, Fault>> {
  const cells = cellsOf(entry.shape, options.granularity);
  const ranges = new CellRanges(cells);
  const all = needsValues(options)
    ? entry.dtype === 'F64'
      ? new Float64Array(entry.elements)
      : new Float32Array(entry.elements)
    : null;
  const odd = { count: 0, first: 0 };
  for await (const { begin, values } of windowsOf(entry, work)) {
    for (let i = 0; i < values.length; i++) {
      if (Number.isFinite(values[i])) continue;
      if (odd.count++ === 0) odd.first = begin + i;
    }
    if (odd.count > 0) continue;
    if (all === null) ranges.add(values, begin);
    else all.set(values, begin);
  }
  if (odd.count > 0) {
    return fail({
      code: 'quantize/non-finite',
      message: `${entry.name} has ${odd.count} values that are NaN or infinite, the first at element ${odd.first}: no code stands for them.`,
      expected: 0,
      found: odd.count,
    });
  }
  const quantizer = all === null ? quantizerFrom(ranges, cells, options) : quantizerOf(all, cells, options);
  if (quantizer.scales.some((scale) => !Number.isFinite(scale))) {
    return fail({
      code: 'quantize/overflow',
      message: `${entry.name} has values so large that ${quantizer.scaleType} holds no scale for them.`,
    });
  }
  const sums = new ErrorSums(codeCount(quantizer));
  for await (const { begin, values } of windowsOf(entry, work)) {
    const codes = new Int16Array(values.length);
    encode(quantizer, values, begin, codes);
    addErrors(quantizer, values, codes, begin, sums);
  }
  return ok({ quantizer, error: sums.result() });
}

/** The values of a tensor from first to last. */
export async function* windowsOf(
  entry: TensorEntry,
  work: Work,
  length = WINDOW_ELEMENTS,
): AsyncGenerator<{ readonly begin: number; readonly values: Values }> {
  for (let begin = 0; begin < entry.elements; begin += length) {
    work.signal.throwIfAborted();
    const values = await readValues(entry, begin, Math.min(length, entry.elements - begin), work.signal);
    yield { begin, values };
    await breathe();
  }
}
