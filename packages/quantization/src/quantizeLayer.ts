import { breathe, type Fault, fail, ok, type Result, type Work } from '@espalier/base';
import { readValues, type TensorEntry } from '@espalier/checkpoint';
import type { Values } from '@espalier/tensor';
import { type Cells, cellsOf } from './cells.js';
import { clipValue } from './clip.js';
import { clipStream } from './clipStream.js';
import { ErrorSums, type QuantizationError } from './metrics.js';
import { encode, type Quantizer } from './quantizer.js';
import {
  addErrors,
  codeCount,
  needsValues,
  type QuantizeOptions,
  quantizerFrom,
  quantizerOf,
  quantizerOfClips,
} from './quantizeTensor.js';
import { type RangeComparison, RangeSamples } from './rangeComparison.js';
import { CellRanges } from './ranges.js';

/** Values that are read at once: 4 MB of f32. */
export const WINDOW_ELEMENTS = 1 << 20;

export interface QuantizedLayer {
  readonly quantizer: Quantizer;
  readonly error: QuantizationError;
  /** Of symmetric schemes: what each way of choosing the largest magnitude keeps. */
  readonly ranges?: RangeComparison;
}

/** A row of groups, or a channel, of more values is not held at once. */
const MOST_HELD = 1 << 24;

/**
 * Quantizes a tensor of a checkpoint, in windows: reads it for its ranges, where a clip depends on the distribution once more or up to three times, and once for the errors; codes
 * are made anew when they are written. Only f64 is held whole where its distribution counts. Values that are not finite are refused by name, count and place (`quantize/non-finite`), a scale
 * that f32 does not hold as well (`quantize/overflow`). Faults of the source are raised; aborts fly.
 */
export async function quantizeLayer(
  entry: TensorEntry,
  options: QuantizeOptions,
  work: Work,
): Promise<Result<QuantizedLayer, Fault>> {
  const cells = cellsOf(entry.shape, options.granularity);
  const ranges = new CellRanges(cells);
  const symmetric = options.scheme.kind === 'uniform' && options.scheme.symmetric;
  const samples = symmetric ? new RangeSamples(cells, entry.elements) : null;
  const odd = { count: 0, first: 0 };
  for await (const { begin, values } of windowsOf(entry, work)) {
    for (let i = 0; i < values.length; i++) {
      if (Number.isFinite(values[i])) continue;
      if (odd.count++ === 0) odd.first = begin + i;
    }
    if (odd.count > 0) continue;
    ranges.add(values, begin);
    samples?.add(values, begin);
  }
  if (odd.count > 0) {
    return fail({
      code: 'quantize/non-finite',
      message: `${entry.name} has ${odd.count} values that are NaN or infinite, the first at element ${odd.first}: no code stands for them.`,
      expected: 0,
      found: odd.count,
    });
  }
  const quantizer = needsValues(options)
    ? await searchedQuantizer(entry, cells, ranges.magnitudes(), options, work)
    : quantizerFrom(ranges, cells, options);
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
  const bits = quantizer.scheme.kind === 'uniform' ? quantizer.scheme.bits : 1;
  const compared = samples?.compare(ranges.magnitudes(), bits, options.percentile);
  return ok({ quantizer, error: sums.result(), ...(compared === undefined ? {} : { ranges: compared }) });
}

/** Scales by clips that depend on how values are distributed. */
async function searchedQuantizer(
  entry: TensorEntry,
  cells: Cells,
  maxima: Float64Array,
  options: QuantizeOptions,
  work: Work,
): Promise<Quantizer> {
  const { clip, percentile } = options;
  const bits = options.scheme.kind === 'uniform' ? options.scheme.bits : 1;
  const unit = unitOf(entry, options);
  if (unit <= MOST_HELD) {
    // Every window holds whole cells.
    const clips = new Float64Array(cells.count);
    const length = unit * Math.max(1, Math.floor(WINDOW_ELEMENTS / unit));
    for await (const { begin, values } of windowsOf(entry, work, length)) {
      if (unit === entry.elements && cells.count > 1) return quantizerOf(values as Float32Array, cells, options);
      cells.walk(begin, values.length, (offset, count, cell) => {
        const own = values.subarray(offset, offset + count);
        clips[cell] = clipValue(own as Float32Array, clip, bits, percentile, maxima[cell]!);
      });
    }
    return quantizerOfClips(clips, cells, options);
  }
  const stream = clipStream(cells, maxima, { clip, bits, percentile });
  for (const pass of stream.passes) {
    for await (const { begin, values } of windowsOf(entry, work)) pass.add(values, begin);
    pass.end();
  }
  return quantizerOfClips(stream.clips(), cells, options);
}

/** How many consecutive values hold whole cells: a channel, a row of groups, or the tensor where channels are interleaved or it is small. */
function unitOf({ shape, elements, dtype }: TensorEntry, { granularity }: QuantizeOptions): number {
  if (elements <= WINDOW_ELEMENTS) return elements;
  const unit =
    granularity.kind === 'group'
      ? granularity.columns
      : granularity.kind === 'channel' && shape.slice(0, granularity.axis).every((length) => length === 1)
        ? elements / shape[granularity.axis]!
        : Number.POSITIVE_INFINITY;
  // The bits of f64 are no word.
  return dtype === 'F64' && unit > MOST_HELD ? Math.min(elements, MOST_HELD) : unit;
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
