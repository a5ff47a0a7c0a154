import type { Shape } from '@espalier/base';
import { type Cells, cellsOf, type Granularity } from './cells.js';
import { type ClipMethod, clipValue } from './clip.js';
import { ErrorSums, type QuantizationError } from './metrics.js';
import {
  asymmetricScale,
  decode,
  encode,
  type Quantizer,
  roundScale,
  type ScaleType,
  symmetricScale,
} from './quantizer.js';
import { CellRanges } from './ranges.js';
import { codeSpan, largestCode } from './scheme.js';

export interface QuantizeOptions {
  readonly scheme: Quantizer['scheme'];
  readonly granularity: Granularity;
  /** How symmetric schemes choose the largest magnitude; asymmetric ones take the whole range, signs the mean. */
  readonly clip: ClipMethod;
  /** For `percentile`, in (0, 100]. */
  readonly percentile: number;
  /** F32 unless told. */
  readonly scaleType?: ScaleType;
}

export interface QuantizedTensor extends Quantizer {
  /** In C order. */
  readonly codes: Int16Array;
  readonly error: QuantizationError;
}

/** Quantizes values at hand; they must be finite. */
export function quantizeTensor(
  values: Float32Array | Float64Array,
  shape: Shape,
  options: QuantizeOptions,
): QuantizedTensor {
  const cells = cellsOf(shape, options.granularity);
  const quantizer = quantizerOf(values, cells, options);
  const codes = new Int16Array(values.length);
  encode(quantizer, values, 0, codes);
  const sums = new ErrorSums(codeCount(quantizer));
  addErrors(quantizer, values, codes, 0, sums);
  return { ...quantizer, codes, error: sums.result() };
}

/** Scales and zero points for values at hand. */
export function quantizerOf(values: Float32Array | Float64Array, cells: Cells, options: QuantizeOptions): Quantizer {
  if (!needsValues(options)) {
    const ranges = new CellRanges(cells);
    ranges.add(values, 0);
    return quantizerFrom(ranges, cells, options);
  }
  const { scheme, clip, percentile } = options;
  const bits = scheme.kind === 'uniform' ? scheme.bits : 1;
  const clips = new Float64Array(cells.count);
  for (const [cell, members] of membersOf(values, cells)) clips[cell] = clipValue(members, clip, bits, percentile);
  return quantizerOfClips(clips, cells, options);
}

/** Scales of a symmetric scheme for the clips of its cells. */
export function quantizerOfClips(clips: Float64Array, cells: Cells, options: QuantizeOptions): Quantizer {
  const { scheme, scaleType = 'F32' } = options;
  const bits = scheme.kind === 'uniform' ? scheme.bits : 1;
  const scales = Float32Array.from(clips, (clip) => symmetricScale(clip, bits, scaleType));
  return { scheme, cells, scales, scaleType, zeros: null };
}

/** Whether ranges are not enough: the clip depends on how the values are distributed. */
export const needsValues = ({ scheme, clip }: QuantizeOptions): boolean =>
  scheme.kind === 'uniform' && scheme.symmetric && clip !== 'max';

/** Scales and zero points from the ranges of the cells. */
export function quantizerFrom(ranges: CellRanges, cells: Cells, options: QuantizeOptions): Quantizer {
  const { scheme, scaleType = 'F32' } = options;
  if (scheme.kind === 'binary')
    return {
      scheme,
      cells,
      scales: Float32Array.from(ranges.meanMagnitudes(), (mean) => roundScale(mean, scaleType)),
      scaleType,
      zeros: null,
    };
  const scales = new Float32Array(cells.count);
  const { low, high } = ranges;
  if (scheme.symmetric) {
    for (let cell = 0; cell < cells.count; cell++)
      scales[cell] = symmetricScale(Math.max(-low[cell]!, high[cell]!), scheme.bits, scaleType);
    return { scheme, cells, scales, scaleType, zeros: null };
  }
  const zeros = new Uint8Array(cells.count);
  for (let cell = 0; cell < cells.count; cell++) {
    const { scale, zero } = asymmetricScale({ low: low[cell]!, high: high[cell]! }, scheme.bits, scaleType);
    scales[cell] = scale;
    zeros[cell] = zero;
  }
  return { scheme, cells, scales, scaleType, zeros };
}

/** The values of each cell together. */
function* membersOf(
  values: Float32Array | Float64Array,
  cells: Cells,
): Generator<[cell: number, values: Float64Array]> {
  const runs = new Map<number, (readonly [begin: number, length: number])[]>();
  cells.walk(0, values.length, (offset, length, cell) => {
    const mine = runs.get(cell);
    if (mine === undefined) runs.set(cell, [[offset, length]]);
    else mine.push([offset, length]);
  });
  for (const [cell, mine] of runs) {
    const members = new Float64Array(mine.reduce((sum, [, length]) => sum + length, 0));
    let at = 0;
    for (const [begin, length] of mine) {
      members.set(values.subarray(begin, begin + length), at);
      at += length;
    }
    yield [cell, members];
  }
}

/** How many codes a scheme has. */
export function codeCount({ scheme }: Pick<Quantizer, 'scheme'>): number {
  if (scheme.kind === 'binary') return 2;
  return scheme.symmetric ? 2 * largestCode(scheme.bits) + 1 : codeSpan(scheme.bits) + 1;
}

/** Adds the errors of a window that begins at an element. */
export function addErrors(
  quantizer: Quantizer,
  values: ArrayLike<number>,
  codes: Int16Array,
  begin: number,
  sums: ErrorSums,
): void {
  const quantized = new Float64Array(values.length);
  decode(quantizer, codes, begin, quantized);
  const signs = quantizer.scheme.kind === 'binary';
  quantizer.cells.walk(begin, values.length, (offset, length, cell) => {
    const step = signs ? Number.POSITIVE_INFINITY : quantizer.scales[cell]!;
    sums.add(values, quantized, codes, { begin: offset, end: offset + length, step });
  });
}
