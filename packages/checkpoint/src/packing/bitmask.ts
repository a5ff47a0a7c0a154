import type { TensorEntry } from '../checkpoint.js';
import { readValues } from '../values/readValues.js';
import { expectShape, malformed, type Packing, packedEntry, rowData, smallValues } from './packing.js';

/**
 * compressed-tensors `sparse-24-bitmask` and `sparse-bitmask`: the values that were kept, and one bit for each element that says whether it was,
 * least significant bit first, rows padded to bytes. With 2:4 every row keeps half of its values; otherwise `row_offsets` says where each begins.
 * Sources: compressed-tensors, sparse_24_bitmask.py and sparse_bitmask.py.
 */
export const bitmask: Packing = {
  name: 'bitmask',
  suffixes: ['.bitmask'],
  async fold(base, parts, _config, signal) {
    const mask = parts.need(`${base}.bitmask`);
    const kept = parts.find(`${base}.compressed`);
    const stated = parts.find(`${base}.shape`);
    const offsets = parts.find(`${base}.row_offsets`);
    if (kept === undefined || stated === undefined || mask.dtype !== 'U8') return undefined;
    const shape = [...(await smallValues(stated, 2, signal))] as [number, number];
    const [rows, columns] = shape;
    if (shape.length !== 2 || !shape.every((length) => Number.isSafeInteger(length) && length > 0))
      malformed(stated.name, 'is no shape');
    const rowBytes = Math.ceil(columns / 8);
    expectShape(mask, [rows, rowBytes]);
    if (offsets === undefined) expectShape(kept, [rows, columns / 2]);
    else expectShape(offsets, [rows]);

    const read = async (from: number, to: number, signal?: AbortSignal): Promise<Float32Array> => {
      const bits = await readValues(mask, from * rowBytes, (to - from) * rowBytes, signal);
      const starts = await rowStarts(from, to, signal);
      const values = await readValues(kept, starts[0]!, starts.at(-1)! - starts[0]!, signal);
      const out = new Float32Array((to - from) * columns);
      for (let row = 0; row < to - from; row++) {
        let next = starts[row]! - starts[0]!;
        for (let column = 0; column < columns; column++) {
          if (((bits[row * rowBytes + (column >> 3)]! >> (column & 7)) & 1) === 0) continue;
          if (next >= starts[row + 1]! - starts[0]!)
            malformed(mask.name, `marks more values in row ${from + row} than were kept`);
          out[row * columns + column] = values[next++]!;
        }
      }
      return out;
    };

    /** Where the kept values of each row begin, and where those of the last one end. */
    async function rowStarts(from: number, to: number, signal?: AbortSignal): Promise<number[]> {
      if (offsets === undefined) return Array.from({ length: to - from + 1 }, (_, i) => ((from + i) * columns) / 2);
      const last = Math.min(to + 1, rows);
      const starts = [...(await readValues(offsets, from, last - from, signal))];
      if (to === rows) starts.push(kept!.elements);
      if (starts.some((start, i) => start < (starts[i - 1] ?? 0) || start > kept!.elements))
        malformed(offsets.name, 'does not ascend');
      return starts;
    }

    // `x.weight.bitmask` belongs to `x.weight`, `x.bitmask` does so too.
    const name = base.endsWith('.weight') ? base : `${base}.weight`;
    const stored = {
      dtype: kept.dtype,
      storage: offsets === undefined ? 'SPARSE24' : 'SPARSE-BITMASK',
      shape,
      data: rowData(rows * columns, columns, read),
    };
    return packedEntry(name, stored, [stated, kept, mask, offsets] satisfies (TensorEntry | undefined)[]);
  },
};
