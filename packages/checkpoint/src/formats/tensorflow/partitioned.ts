import { raise, type Shape, sizeOf, stridesOf } from '@espalier/base';
import { type ByteSource, byteLength, type Dtype, decodeValues } from '@espalier/tensor';
import type { DecodedData } from '../../checkpoint.js';
import { brief } from '../../names.js';

/** A block of a tensor that is stored by itself, in C order. */
export interface Part {
  readonly start: readonly number[];
  readonly shape: Shape;
  readonly source: ByteSource;
  /** Byte offset of its first element in `source`. */
  readonly begin: number;
}

/** Most bytes of one part that are read at once. */
const WINDOW_BYTES = 8 * 1024 * 1024;

/** Values of a tensor that is stored in parts, which cover it without overlap. */
export function partitionedData(shape: Shape, dtype: Dtype, parts: readonly Part[]): DecodedData {
  const width = byteLength(dtype, 1);
  return {
    kind: 'decoded',
    blockElements: shape.length === 0 ? 1 : Math.max(1, sizeOf(shape.slice(1))),
    async read(begin, count, signal) {
      const out = new Uint8Array(count * width);
      for (const part of parts) await copyPart(part, shape, width, begin, count, out, signal);
      return decodeValues(dtype, out, count);
    },
  };
}

/** Copies what a part has of [begin, begin + count): its rows (runs along the last axis) that lie there, read in windows. */
async function copyPart(
  part: Part,
  shape: Shape,
  width: number,
  begin: number,
  count: number,
  out: Uint8Array,
  signal?: AbortSignal,
): Promise<void> {
  const rank = shape.length;
  const strides = stridesOf(shape);
  const run = part.shape[rank - 1] ?? 1;
  const rows = run === 0 ? 0 : sizeOf(part.shape) / run;
  const rowShape = part.shape.slice(0, -1);
  const rowStrides = stridesOf(rowShape);
  /** Where a row begins in the whole tensor. */
  const placeOf = (row: number): number => {
    let place = rank === 0 ? 0 : part.start[rank - 1]!;
    for (let axis = 0; axis < rank - 1; axis++)
      place += (part.start[axis]! + (Math.floor(row / rowStrides[axis]!) % rowShape[axis]!)) * strides[axis]!;
    return place;
  };
  // Rows of a part stand in the order of their places, so the ones that matter are one stretch.
  const first = firstRow(rows, (row) => placeOf(row) + run > begin);
  const last = firstRow(rows, (row) => placeOf(row) >= begin + count);
  const step = Math.max(1, Math.floor(WINDOW_BYTES / Math.max(1, run * width)));
  for (let row = first; row < last; row += step) {
    const to = Math.min(last, row + step);
    const bytes = await part.source.read(part.begin + row * run * width, (to - row) * run * width, signal);
    for (let at = row; at < to; at++) {
      const place = placeOf(at);
      const from = Math.max(place, begin);
      const until = Math.min(place + run, begin + count);
      if (until <= from) continue;
      const offset = ((at - row) * run + from - place) * width;
      out.set(bytes.subarray(offset, offset + (until - from) * width), (from - begin) * width);
    }
  }
}

/** Smallest row for which a condition that never turns false again is true. */
function firstRow(rows: number, holds: (row: number) => boolean): number {
  let low = 0;
  let high = rows;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (holds(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Raises when parts leave the tensor, or do not add up to it. (Overlap that adds up exactly would take as many elements as are missing elsewhere.) */
export function checkParts(
  name: string,
  file: string,
  shape: Shape,
  parts: readonly Pick<Part, 'start' | 'shape'>[],
): void {
  let elements = 0;
  for (const part of parts) {
    elements += sizeOf(part.shape);
    const inside =
      part.start.length === shape.length &&
      part.start.every((start, axis) => start + part.shape[axis]! <= shape[axis]!);
    if (inside) continue;
    raise({
      code: 'checkpoint/header-malformed',
      file,
      message: `A slice of ${brief(name)} lies outside of the tensor.`,
    });
  }
  if (elements === sizeOf(shape)) return;
  raise({
    code: 'checkpoint/header-malformed',
    file,
    expected: sizeOf(shape),
    found: elements,
    message: `The slices of ${brief(name)} hold ${elements} elements, the tensor has ${sizeOf(shape)}.`,
  });
}
