import { type DecodedData, readValues, type TensorEntry } from '@espalier/checkpoint';
import type { Values } from '@espalier/tensor';

/** Places that stay along an axis, ascending. */
export interface Cut {
  readonly axis: number;
  readonly kept: Uint32Array;
}

/** The tensor with only some places along one or two axes, as later steps read it. Values are read by rows of the input as they are asked for. */
export function cutEntry(entry: TensorEntry, cuts: readonly Cut[]): TensorEntry {
  return cuts.reduce(cutOne, entry);
}

function cutOne(entry: TensorEntry, { axis, kept }: Cut): TensorEntry {
  const shape = entry.shape.map((length, at) => (at === axis ? kept.length : length));
  const inner = product(entry.shape.slice(axis + 1));
  const length = entry.shape[axis]!;
  const elements = product(shape);
  const data: DecodedData = {
    kind: 'decoded',
    blockElements: Math.max(1, Math.min(1 << 20, elements)),
    async read(begin, count, signal) {
      if (count === 0) return (await readValues(entry, 0, 0, signal)).slice();
      const sourceOf = (at: number): number => {
        const [run, within] = [Math.floor(at / inner), at % inner];
        const outer = Math.floor(run / kept.length);
        return (outer * length + kept[run % kept.length]!) * inner + within;
      };
      // One read from the first to the last value that is wanted, and the rest is left out.
      const first = sourceOf(begin);
      const read = await readValues(entry, first, sourceOf(begin + count - 1) - first + 1, signal);
      const out = new (read.constructor as new (length: number) => Values)(count);
      for (let at = begin; at < begin + count; ) {
        const from = sourceOf(at);
        const many = Math.min(inner - (at % inner), begin + count - at);
        out.set(read.subarray(from - first, from - first + many) as never, at - begin);
        at += many;
      }
      return out;
    },
  };
  const bytes = entry.elements === 0 ? 0 : Math.round((entry.bytes / entry.elements) * elements);
  return { ...entry, shape, elements, bytes, data };
}

const product = (sizes: readonly number[]): number => sizes.reduce((a, b) => a * b, 1);
