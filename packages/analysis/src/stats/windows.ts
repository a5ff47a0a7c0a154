import { breathe, type Work } from '@espalier/base';
import { type Affine, type RawData, readValues, type TensorEntry } from '@espalier/checkpoint';
import { table } from '@espalier/tensor';
import type { ElementRange } from './question.js';

/** Elements in a window: 4 MB of f32. A multiple of the digest's block and of 8. */
export const WINDOW_ELEMENTS = 1 << 20;

/** Between turns of the event loop at most this many bytes are scanned, so that a cancel arrives in time. */
const BYTES_PER_BREATH = 64 * 1024 * 1024;

/** A run of consecutive elements, as the scan of a mode sees them. */
export interface Window<Data> {
  /** C-order index of the first element. */
  readonly begin: number;
  readonly data: Data;
}

/** Reads a range window by window, listening to the signal before each. `read` makes the window from its place. */
export async function* windows<Data>(
  range: ElementRange,
  elementsPerWindow: number,
  bytesPerElement: number,
  work: Work,
  read: (begin: number, count: number) => Promise<Data>,
): AsyncGenerator<Window<Data>> {
  let sinceBreath = 0;
  for (let begin = range.begin; begin < range.end; begin += elementsPerWindow) {
    work.signal.throwIfAborted();
    const count = Math.min(elementsPerWindow, range.end - begin);
    yield { begin, data: await read(begin, count) };
    sinceBreath += count * bytesPerElement;
    if (sinceBreath >= BYTES_PER_BREATH) {
      sinceBreath = 0;
      await breathe();
    }
  }
}

/** Values as f32, and the elements that mean zero by the quantization without being exactly 0 (null: none). */
export interface FloatWindow {
  readonly values: Float32Array;
  readonly alsoZero: Uint8Array | null;
}

export async function readFloat32(
  entry: TensorEntry,
  begin: number,
  count: number,
  signal: AbortSignal,
): Promise<FloatWindow> {
  const values = await readValues(entry, begin, count, signal);
  const single = values instanceof Float32Array ? values : Float32Array.from(values);
  return { values: single, alsoZero: null };
}

export async function readFloat64(
  entry: TensorEntry,
  begin: number,
  count: number,
  signal: AbortSignal,
): Promise<Float64Array> {
  const values = await readValues(entry, begin, count, signal);
  return values instanceof Float64Array ? values : Float64Array.from(values);
}

/** Stored patterns, one element each: 16-bit words, bytes, or nibbles spread over bytes. */
export async function readPatterns(
  data: RawData,
  width: 16 | 8 | 4,
  begin: number,
  count: number,
  signal: AbortSignal,
): Promise<Uint16Array | Uint8Array> {
  if (width === 16) {
    const words = new Uint16Array(count);
    await data.source.readInto(new Uint8Array(words.buffer), data.begin + 2 * begin, signal);
    return words;
  }
  if (width === 8) {
    const bytes = new Uint8Array(count);
    await data.source.readInto(bytes, data.begin + begin, signal);
    return bytes;
  }
  const from = begin & ~1;
  const packed = new Uint8Array(Math.ceil((begin + count - from) / 2));
  await data.source.readInto(packed, data.begin + from / 2, signal);
  const nibbles = new Uint8Array(count);
  for (let i = 0; i < count; i++) {
    const at = begin - from + i;
    nibbles[i] = (packed[at >> 1]! >> (4 * (at & 1))) & 15;
  }
  return nibbles;
}

/** What each stored pattern means, and which patterns are zero. */
export interface PatternMeaning {
  /** Value by pattern, decoded in f32 as the reference tools do. */
  readonly values: Float32Array;
  /** Patterns that count as zero: `pattern & mask` is `match`; null where none does. */
  readonly zero: { readonly mask: number; readonly match: number } | null;
}

/** A zero point within this of an integer stands for exact zeros. */
export const ZERO_POINT_TOLERANCE = 1e-3;

export function meaningOf(data: RawData, width: 16 | 8 | 4): PatternMeaning {
  const stored = table(data.dtype);
  const full = 2 ** width - 1;
  if (data.affine === undefined) return { values: stored, zero: zeroPattern(stored, width) };
  const values = stored.map((q) => dequantizeOne(q, data.affine!));
  if (isConstant(data.affine)) return { values, zero: values[0] === 0 ? { mask: 0, match: 0 } : null };
  const point = zeroPointOf(data.affine);
  const nearest = Math.round(point);
  if (Math.abs(point - nearest) >= ZERO_POINT_TOLERANCE) return { values, zero: null };
  const pattern = stored.indexOf(nearest);
  return { values, zero: pattern < 0 ? null : { mask: full, match: pattern } };
}

/** Floating types have two zeros, ±0, that differ in the sign bit; the others one. */
function zeroPattern(stored: Float32Array, width: number): PatternMeaning['zero'] {
  const full = 2 ** width - 1;
  const sign = 2 ** (width - 1);
  if (stored[0] !== 0) return null;
  return { mask: stored[sign] === 0 ? full & ~sign : full, match: 0 };
}

function dequantizeOne(q: number, affine: Affine): number {
  if (affine.form === 'minimum') return Math.fround(Math.fround(q * affine.scale) + affine.minimum);
  return Math.fround(Math.fround(affine.scales[0]!) * Math.fround(q - affine.zeroPoints[0]!));
}

/** A scale of 0 gives every stored number the same value. */
const isConstant = (affine: Affine): boolean => affine.form === 'minimum' && affine.scale === 0;

/** The stored number that means 0, a fraction perhaps. */
const zeroPointOf = (affine: Affine): number =>
  affine.form === 'minimum' ? -affine.minimum / affine.scale : affine.zeroPoints[0]!;
