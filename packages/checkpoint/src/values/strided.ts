import { type Shape, sizeOf, stridesOf } from '@espalier/base';
import { BITS, type ByteSource, type Dtype, decodeValues, type Values } from '@espalier/tensor';
import type { DecodedData } from '../checkpoint.js';

/** An array whose elements lie in a file in any order: a transposed view, Fortran order, an expanded axis, big-endian numbers. */
export interface StridedArray {
  readonly source: ByteSource;
  /** Whole bytes per element: not for F4, I4, U4 and F6. */
  readonly dtype: Dtype;
  readonly shape: Shape;
  /** Elements to step along each axis, never negative. 0 repeats. */
  readonly strides: readonly number[];
  /** Byte offset of element [0, 0, …]. */
  readonly begin: number;
  readonly bigEndian?: boolean;
  /** What is done to the decoded numbers, such as dequantizing. `begin` is the C-order offset of the first one. */
  readonly finish?: (values: Values, begin: number) => Values;
}

/** Bytes read at once: the memory that a gather takes, whatever the strides. */
const WINDOW_BYTES = 8 * 1024 * 1024;
/** Elements gathered at once. */
const BATCH_ELEMENTS = 1024 * 1024;

/** Number of elements that one step along `axis` passes over in C order. */
export const stridesBelow = (shape: Shape, axis: number): number => sizeOf(shape.slice(axis + 1));

/** True when these strides are those of C order. Axes of length 1 may have any stride. */
export function isContiguous(shape: Shape, strides: readonly number[]): boolean {
  const expected = stridesOf(shape);
  return shape.every((length, axis) => length === 1 || strides[axis] === expected[axis]);
}

/** Elements from the first to the last one that the array touches, both included. 0 for an empty array. */
export function extentOf(shape: Shape, strides: readonly number[]): number {
  if (sizeOf(shape) === 0) return 0;
  return shape.reduce((extent, length, axis) => extent + (length - 1) * strides[axis]!, 1);
}

/** Values of a strided array in C order, read in windows of bounded size. */
export function stridedData(array: StridedArray): DecodedData {
  return {
    kind: 'decoded',
    blockElements: blockFor(array.shape, array.strides),
    async read(begin, count, signal) {
      const batches: Values[] = [];
      for (let done = 0; done < count; done += BATCH_ELEMENTS) {
        const values = await gather(array, begin + done, Math.min(BATCH_ELEMENTS, count - done), signal);
        batches.push(array.finish === undefined ? values : array.finish(values, begin + done));
      }
      return batches.length === 0 ? decodeValues(array.dtype, new Uint8Array(0), 0) : joined(batches, count);
    },
  };
}

/** Whole outermost slices, as many as make about one batch, so that a strided slice is read in long runs. */
function blockFor(shape: Shape, strides: readonly number[]): number {
  const elements = sizeOf(shape);
  if (isContiguous(shape, strides)) return 1;
  const slice = shape.length === 0 ? 1 : elements / shape[0]!;
  return Math.max(1, Math.min(elements, Math.ceil(BATCH_ELEMENTS / Math.max(1, slice)) * slice));
}

async function gather(array: StridedArray, begin: number, count: number, signal?: AbortSignal): Promise<Values> {
  return decodeValues(array.dtype, swapped(await gatherBytes(array, begin, count, signal), array), count);
}

/**
 * The bytes of elements `begin` to `begin + count` in C order, as they are stored. For at most about a million elements: a few numbers are
 * held for each.
 */
export async function gatherBytes(
  array: Pick<StridedArray, 'source' | 'dtype' | 'shape' | 'strides' | 'begin'>,
  begin: number,
  count: number,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const width = BITS[array.dtype] / 8;
  if (isContiguous(array.shape, array.strides)) {
    return await array.source.read(array.begin + begin * width, count * width, signal);
  }
  const places = placesOf(array.shape, array.strides, begin, count);
  const gathered = new Uint8Array(count * width);
  for (const window of windowsOf(places, Math.floor(WINDOW_BYTES / width))) {
    const length = (window.high - window.low + 1) * width;
    const bytes = await array.source.read(array.begin + window.low * width, length, signal);
    copyElements(bytes, gathered, width, window, places);
  }
  return gathered;
}

/** Moves the elements of a window to where they belong. */
function copyElements(from: Uint8Array, to: Uint8Array, width: number, window: Window, places: Float64Array): void {
  const { members, low } = window;
  // Complex numbers move as two halves.
  const unit = Math.min(width, 8);
  const units = width / unit;
  const [source, target] = [unitsOf(from, unit), unitsOf(to, unit)];
  for (let m = 0; m < members.length; m++) {
    const index = members[m]!;
    const at = (places[index]! - low) * units;
    for (let u = 0; u < units; u++) target[index * units + u] = source[at + u]!;
  }
}

/** A view by units of 1, 2, 4 or 8 bytes, for moving only: no bit pattern is changed by it. */
function unitsOf(bytes: Uint8Array, unit: number): Uint8Array | Uint16Array | Uint32Array | BigUint64Array {
  const aligned = bytes.byteOffset % unit === 0 ? bytes : bytes.slice();
  const { buffer, byteOffset, byteLength } = aligned;
  switch (unit) {
    case 1:
      return aligned;
    case 2:
      return new Uint16Array(buffer, byteOffset, byteLength / 2);
    case 4:
      return new Uint32Array(buffer, byteOffset, byteLength / 4);
    default:
      return new BigUint64Array(buffer, byteOffset, byteLength / 8);
  }
}

/** For each element its place in the file, in elements from where the array begins. */
function placesOf(shape: Shape, strides: readonly number[], begin: number, count: number): Float64Array {
  const index = new Array<number>(shape.length);
  let rest = begin;
  let place = 0;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    index[axis] = rest % shape[axis]!;
    rest = Math.floor(rest / shape[axis]!);
    place += index[axis]! * strides[axis]!;
  }
  const places = new Float64Array(count);
  const last = shape.length - 1;
  for (let i = 0; i < count; ) {
    // The innermost axis without looking at the others.
    const run = Math.min(count - i, shape[last]! - index[last]!);
    const stride = strides[last]!;
    for (let k = 0; k < run; k++) places[i + k] = place + k * stride;
    i += run;
    place += run * stride;
    index[last]! += run;
    for (let axis = last; axis > 0 && index[axis] === shape[axis]; axis--) {
      place += strides[axis - 1]! - shape[axis]! * strides[axis]!;
      index[axis] = 0;
      index[axis - 1]!++;
    }
  }
  return places;
}

/** Elements whose places lie close together: indices into `places`, and the range of those places. */
interface Window {
  readonly members: Uint32Array;
  readonly low: number;
  readonly high: number;
}

/** Groups elements by the part of the file in which they lie (a counting sort), leaving out parts that nobody needs. */
function* windowsOf(places: Float64Array, windowElements: number): Generator<Window> {
  let low = Number.POSITIVE_INFINITY;
  let high = 0;
  for (let i = 0; i < places.length; i++) {
    const place = places[i]!;
    if (place < low) low = place;
    if (place > high) high = place;
  }
  // Parts are at least so large that there are no more of them than elements.
  const part = Math.max(windowElements, Math.ceil((high - low + 1) / Math.max(1, places.length)));
  const ends = new Uint32Array(Math.floor((high - low) / part) + 1);
  for (let i = 0; i < places.length; i++) ends[Math.floor((places[i]! - low) / part)]!++;
  for (let w = 1; w < ends.length; w++) ends[w]! += ends[w - 1]!;
  const order = new Uint32Array(places.length);
  const next = new Uint32Array(ends.length);
  for (let w = 1; w < ends.length; w++) next[w] = ends[w - 1]!;
  for (let i = 0; i < places.length; i++) order[next[Math.floor((places[i]! - low) / part)]!++] = i;
  for (let w = 0; w < ends.length; w++) {
    const members = order.subarray(w === 0 ? 0 : ends[w - 1]!, ends[w]!);
    if (members.length > 0) yield* narrowed(members, places, windowElements);
  }
}

/** The exact range of some elements; split where it is wider than a window, which happens when parts are few and far between. */
function* narrowed(members: Uint32Array, places: Float64Array, windowElements: number): Generator<Window> {
  let low = Number.POSITIVE_INFINITY;
  let high = 0;
  for (let m = 0; m < members.length; m++) {
    const place = places[members[m]!]!;
    if (place < low) low = place;
    if (place > high) high = place;
  }
  if (high - low < windowElements) yield { members, low, high };
  else
    for (const member of members)
      yield { members: Uint32Array.of(member), low: places[member]!, high: places[member]! };
}

/** Reverses the bytes of each number in place; each half of a complex one by itself. */
function swapped(bytes: Uint8Array, { dtype, bigEndian }: StridedArray): Uint8Array {
  if (!bigEndian) return bytes;
  const width = BITS[dtype] / 8 / (dtype === 'C64' || dtype === 'C128' ? 2 : 1);
  for (let at = 0; width > 1 && at + width <= bytes.length; at += width) bytes.subarray(at, at + width).reverse();
  return bytes;
}

function joined(batches: readonly Values[], count: number): Values {
  const first = batches[0]!;
  if (batches.length === 1) return first;
  const all = first instanceof Float64Array ? new Float64Array(count) : new Float32Array(count);
  let at = 0;
  for (const batch of batches) {
    all.set(batch, at);
    at += batch.length;
  }
  return all;
}
