import { raise, type Shape, sizeOf } from '@espalier/base';
import type { Dtype, Values } from '@espalier/tensor';
import type { DecodedData, TensorData } from '../../checkpoint.js';
import { brief } from '../../names.js';
import { readValues } from '../../values/readValues.js';
import { valuesFor } from './varints.js';

/** Entries that are looked at together. One position is remembered for each chunk. */
const CHUNK = 8_192;

/** The parts of a sparse tensor whose entries are sorted by their place in the dense one. */
export interface SparseParts {
  readonly name: string;
  readonly file: string;
  readonly offset: number;
  /** Of the dense tensor. */
  readonly shape: Shape;
  readonly dtype: Dtype;
  readonly stored: number;
  readonly values: TensorData;
  /** Places: linear ones of shape `[stored]`, or coordinates of shape `[stored, rank]`. */
  readonly indices: TensorData;
  readonly indexShape: Shape;
}

/**
 * Dense values of an ONNX sparse tensor (SparseTensorProto: indices are in ascending order and unique). The first read walks the
 * indices once, checks them and remembers where each chunk begins; later reads take the chunks they need.
 */
export function sparseData(parts: SparseParts): DecodedData {
  const { shape, stored } = parts;
  const elements = sizeOf(shape);
  const rank = parts.indexShape.length === 2 ? parts.indexShape[1]! : 1;
  const values = { name: parts.name, data: parts.values, shape: [stored], elements: stored };
  const indices = { name: parts.name, data: parts.indices, shape: parts.indexShape, elements: stored * rank };
  let starts: Promise<Float64Array> | undefined;

  const lying = (message: string, found: number): never =>
    raise({
      code: 'checkpoint/sparse-indices',
      file: parts.file,
      offset: parts.offset,
      found,
      message: `Sparse tensor ${brief(parts.name)}: ${message}.`,
    });

  async function placesOf(chunk: number, signal: AbortSignal | undefined): Promise<Float64Array> {
    const first = chunk * CHUNK;
    const count = Math.min(CHUNK, stored - first);
    const coordinates = await readValues(indices, first * rank, count * rank, signal);
    const places = new Float64Array(count);
    for (let i = 0; i < count; i++) {
      let place = coordinates[i * rank]!;
      if (parts.indexShape.length === 2) {
        place = 0;
        for (let axis = 0; axis < rank; axis++) {
          const at = coordinates[i * rank + axis]!;
          if (at < 0 || at >= shape[axis]!)
            lying(`an index of axis ${axis} is ${at}, its length is ${shape[axis]}`, at);
          place = place * shape[axis]! + at;
        }
      }
      if (!(place >= 0 && place < elements)) lying(`an index is ${place}, the tensor has ${elements} elements`, place);
      if (i > 0 && place <= places[i - 1]!) lying('its indices are not in ascending order', place);
      places[i] = place;
    }
    return places;
  }

  async function walk(signal: AbortSignal | undefined): Promise<Float64Array> {
    const chunks = Math.ceil(stored / CHUNK);
    const begins = new Float64Array(chunks + 1).fill(elements);
    let last = -1;
    for (let chunk = 0; chunk < chunks; chunk++) {
      const places = await placesOf(chunk, signal);
      if (places[0]! <= last) lying('its indices are not in ascending order', places[0]!);
      begins[chunk] = places[0]!;
      last = places[places.length - 1]!;
    }
    return begins;
  }

  return {
    kind: 'decoded',
    blockElements: 1,
    async read(begin, count, signal): Promise<Values> {
      const out = valuesFor(parts.dtype, count);
      if (stored === 0 || count === 0) return out;
      if (starts === undefined) {
        const walking = walk(signal);
        starts = walking;
        walking.catch(() => {
          if (starts === walking) starts = undefined;
        });
      }
      const begins = await starts;
      for (
        let chunk = lastAtMost(begins, begin);
        chunk < begins.length - 1 && begins[chunk]! < begin + count;
        chunk++
      ) {
        const places = await placesOf(chunk, signal);
        const read = await readValues(values, chunk * CHUNK, places.length, signal);
        for (let i = 0; i < places.length; i++) {
          const at = places[i]! - begin;
          if (at >= 0 && at < count) out[at] = read[i]!;
        }
      }
      return out;
    },
  };
}

/** Index of the last of the sorted `begins` that is at most `place`, or 0. */
function lastAtMost(begins: Float64Array, place: number): number {
  let low = 0;
  let high = begins.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (begins[middle]! <= place) low = middle;
    else high = middle - 1;
  }
  return Math.min(low, begins.length - 2);
}
