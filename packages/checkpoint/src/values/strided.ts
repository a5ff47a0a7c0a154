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
const BATCH_ELEMENTS = 512 * 1024;

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
  const width = BITS[array.dtype] / 8;
  if (isContiguous(array.shape, array.strides)) {
    const bytes = await array.source.read(array.begin + begin * width, count * width, signal);
    return decodeValues(array.dtype, swapped(bytes, array), count);
  }
  const places = placesOf(array, begin, count);
  const gathered = new Uint8Array(count * width);
  for (const window of windowsOf(places, Math.floor(WINDOW_BYTES / width))) {
    const bytes = await array.source.read(
      array.begin + window.from * width,
      (window.to - window.from + 1) * width,
      signal,
    );
    for (const index of window.indices) {
      const at = (places[index]! - window.from) * width;
      for (let b = 0; b < width; b++) gathered[index * width + b] = bytes[at + b]!;
    }
  }
  return decodeValues(array.dtype, swapped(gathered, array), count);
}

/** For each element its place in the file, in elements from `array.begin`. */
function placesOf({ shape, strides }: StridedArray, begin: number, count: number): Float64Array {
  const index = new Array<number>(shape.length);
  let rest = begin;
  let place = 0;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    index[axis] = rest % shape[axis]!;
    rest = Math.floor(rest / shape[axis]!);
    place += index[axis]! * strides[axis]!;
  }
  const places = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    places[i] = place;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      place += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      place -= shape[axis]! * strides[axis]!;
      index[axis] = 0;
    }
  }
  return places;
}

interface Window {
  from: number;
  to: number;
  readonly indices: Uint32Array;
}

/** Groups elements by the window of the file in which they lie (a counting sort), leaving out windows that nobody needs. */
function windowsOf(places: Float64Array, windowElements: number): Window[] {
  let low = Number.POSITIVE_INFINITY;
  for (const place of places) low = Math.min(low, place);
  const counts = new Map<number, number>();
  for (const place of places) {
    const window = Math.floor((place - low) / windowElements);
    counts.set(window, (counts.get(window) ?? 0) + 1);
  }
  const windows = new Map<number, Window & { filled: number }>();
  for (const [window, count] of counts) {
    windows.set(window, { from: Number.POSITIVE_INFINITY, to: 0, indices: new Uint32Array(count), filled: 0 });
  }
  for (let i = 0; i < places.length; i++) {
    const place = places[i]!;
    const window = windows.get(Math.floor((place - low) / windowElements))!;
    window.indices[window.filled++] = i;
    window.from = Math.min(window.from, place);
    window.to = Math.max(window.to, place);
  }
  return [...windows.values()];
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
