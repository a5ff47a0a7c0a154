import { breathe, invariant, type Work } from '@espalier/base';
import { byteLength, type Dtype, isDtype } from '@espalier/tensor';
import type { TensorEntry } from '../checkpoint.js';
import { readValues } from '../values/readValues.js';
import type { OutputTensor } from './output.js';
import { sourceWindows } from './sourceWindows.js';

const WINDOW_BYTES = 4 * 1024 * 1024;

/** A tensor as it was read: its own bytes where they lie in the file as they are, else its values as F32 or F64. */
export function entryOutput(entry: TensorEntry): OutputTensor {
  const { name, shape, data } = entry;
  if (data.kind === 'raw' && data.affine === undefined) {
    const length = byteLength(data.dtype, entry.elements);
    const { source, begin } = data;
    const windows = (work: Work): AsyncIterable<Uint8Array> => sourceWindows(source, begin, length, work);
    return { name, dtype: data.dtype, shape, byteLength: length, origin: entry, unchanged: true, windows };
  }
  return valuesOutput(entry);
}

/** The logical values of a tensor, as F64 where it is one, else as F32. Integers that are not quantized keep their type. */
function valuesOutput(entry: TensorEntry): OutputTensor {
  const dtype: Dtype = entry.dtype === 'F64' ? 'F64' : 'F32';
  invariant(isDtype(entry.dtype) || entry.elements === 0, `${entry.name} has no numbers`);
  const width = dtype === 'F64' ? 8 : 4;
  async function* windows(work: Work): AsyncGenerator<Uint8Array> {
    for (let begin = 0; begin < entry.elements; begin += WINDOW_BYTES / width) {
      work.signal.throwIfAborted();
      const values = await readValues(
        entry,
        begin,
        Math.min(WINDOW_BYTES / width, entry.elements - begin),
        work.signal,
      );
      const plain = dtype === 'F64' ? Float64Array.from(values) : Float32Array.from(values);
      yield new Uint8Array(plain.buffer);
      await breathe();
    }
  }
  return {
    name: entry.name,
    dtype,
    shape: entry.shape,
    byteLength: entry.elements * width,
    origin: entry,
    unchanged: true,
    windows,
  };
}
