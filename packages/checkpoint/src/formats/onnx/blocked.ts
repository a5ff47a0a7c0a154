import { type Shape, sizeOf, stridesOf } from '@espalier/base';
import type { LogicalDtype, Values } from '@espalier/tensor';
import type { DecodedData, TensorEntry } from '../../checkpoint.js';
import { readValues } from '../../values/readValues.js';
import { isCode, rezeroedCodes } from '../../values/rezeroed.js';

/** Scales that are read at once. A range that needs more is done in parts. */
const MAX_SCALES = 1_048_576;

/** What `readValues` takes. */
type Readable = Pick<TensorEntry, 'name' | 'data' | 'shape' | 'elements'>;

/** A tensor whose elements share scales in blocks along one axis; scales and zero points have its shape with that axis shortened. */
export interface Blocked {
  readonly codes: Readable;
  readonly scales: Readable;
  readonly zeroPoints: Readable | null;
  readonly axis: number;
  readonly block: number;
  /** The type of the codes. */
  readonly dtype: LogicalDtype;
}

/** Logical values of blocked quantization (`DequantizeLinear` with `block_size`): `scale · (q − zero point)` in single precision. Scales are read with the codes. */
export function blockedData({ codes, scales, zeroPoints, axis, block, dtype }: Blocked): DecodedData {
  const place = scalePlaces(codes.shape, axis, block);
  return {
    kind: 'decoded',
    blockElements: Math.max(2, place.stride === 1 ? block : place.stride),
    async read(begin, count, signal) {
      const out = new Float32Array(count);
      for (let done = 0; done < count; ) {
        const part = place.part(begin + done, count - done);
        const stored = await readValues(codes, begin + done, part.count, signal);
        const scale = await readValues(scales, part.first, part.scales, signal);
        const zero = zeroPoints === null ? null : await readValues(zeroPoints, part.first, part.scales, signal);
        dequantize(stored, scale, zero, (i) => place.at(begin + done + i) - part.first, out, done);
        done += part.count;
      }
      return out;
    },
    ...(isCode(dtype)
      ? { rezeroed: (zeroed) => rezeroedCodes(codes, dtype, zeroPoints === null ? null : zeroAt, zeroed) }
      : {}),
  };

  async function zeroAt(begin: number, count: number, signal: AbortSignal): Promise<ArrayLike<number>> {
    const out = new Float32Array(count);
    for (let done = 0; done < count; ) {
      const part = place.part(begin + done, count - done);
      const points = await readValues(zeroPoints!, part.first, part.scales, signal);
      for (let i = 0; i < part.count; i++) out[done + i] = points[place.at(begin + done + i) - part.first]!;
      done += part.count;
    }
    return out;
  }
}

function dequantize(
  stored: Values,
  scale: Values,
  zero: Values | null,
  at: (i: number) => number,
  out: Float32Array,
  begin: number,
): void {
  for (let i = 0; i < stored.length; i++) {
    const place = at(i);
    out[begin + i] = scale[place]! * Math.fround(stored[i]! - (zero === null ? 0 : zero[place]!));
  }
}

/** Which scale belongs to an element, and how far one can read on without needing too many of them. */
function scalePlaces(shape: Shape, axis: number, block: number) {
  const stride = stridesOf(shape)[axis]!;
  const length = shape[axis]!;
  const blocks = Math.ceil(length / block);
  const elements = sizeOf(shape);
  const at = (element: number): number => {
    const outer = Math.floor(element / (stride * length));
    const along = Math.floor(element / stride) % length;
    return (outer * blocks + Math.floor(along / block)) * stride + (element % stride);
  };
  return {
    stride,
    at,
    part(begin: number, count: number): { count: number; first: number; scales: number } {
      const first = Math.floor(at(begin) / stride) * stride;
      const end = Math.min(begin + count, elements);
      const last = (Math.floor(at(end - 1) / stride) + 1) * stride;
      if (last - first <= MAX_SCALES) return { count: end - begin, first, scales: last - first };
      // One row of the inner axes: its scales lie side by side.
      const inRow = Math.min(end - begin, stride === 1 ? MAX_SCALES : stride - (begin % stride), MAX_SCALES);
      const from = at(begin);
      return { count: inRow, first: from, scales: at(begin + inRow - 1) - from + 1 };
    },
  };
}
