import { invariant, type Work } from '@espalier/base';
import { type DecodedData, type OutputTensor, readValues, type TensorEntry } from '@espalier/checkpoint';
import type { PrunableLayer } from '@espalier/pruning';
import { decodeValues, encodeValues } from '@espalier/tensor';
import { lossBetween } from './lossBetween.js';
import type { Quantized } from './toCodes.js';

/** Numbers that are converted at once. */
const WINDOW_ELEMENTS = 1 << 20;

/** Half precision, in every format that has it. Raises faults of the source. */
export async function toHalves({ head, entry }: PrunableLayer, dtype: 'F16' | 'BF16', work: Work): Promise<Quantized> {
  if (entry.storage === dtype) return { kind: 'kept', why: `stored as ${dtype} already` };
  const bytes = 2 * entry.elements;
  const data: DecodedData = {
    kind: 'decoded',
    blockElements: WINDOW_ELEMENTS,
    async read(begin, length, signal) {
      return decodeValues(dtype, halvesOf(await readValues(entry, begin, length, signal), dtype), length);
    },
  };
  const after: TensorEntry = { ...entry, dtype, storage: dtype, bytes, data };
  const loss = await lossBetween(entry, after, work);
  if (!loss.ok) return { kind: 'fault', fault: loss.fault };
  const output: OutputTensor = {
    name: entry.name,
    dtype,
    shape: entry.shape,
    byteLength: bytes,
    origin: entry,
    async *windows({ signal }) {
      for (let begin = 0; begin < entry.elements; begin += WINDOW_ELEMENTS) {
        const count = Math.min(WINDOW_ELEMENTS, entry.elements - begin);
        yield halvesOf(await readValues(entry, begin, count, signal), dtype);
      }
    },
  };
  return {
    kind: 'done',
    replacement: {
      head: { ...head, dtype, storage: dtype, bytes },
      entry: after,
      stored: () => ({ outputs: [output] }),
      quantization: {
        ...loss.value,
        scheme: dtype === 'F16' ? 'fp16' : 'bf16',
        bits: 16,
        bitsPerWeight: 16,
        granularity: 'none',
      },
    },
  };
}

function halvesOf(values: ArrayLike<number>, dtype: 'F16' | 'BF16'): Uint8Array {
  const bytes = encodeValues(dtype, Float64Array.from(values));
  invariant(bytes instanceof Uint8Array, 'halves hold every number, if only as infinity');
  return bytes;
}
