import { breathe, type Work } from '@espalier/base';
import { byteLength, type Dtype, encodeValues } from '@espalier/tensor';
import type { TensorEntry } from '../checkpoint.js';
import type { StoredTensor } from '../write/output.js';
import { readValues } from './readValues.js';

type Readable = Pick<TensorEntry, 'name' | 'data' | 'shape' | 'elements'>;

/** Codes that go through together: an even number, so that no byte of two is divided. */
const CODES_AT_ONCE = 1 << 16;

/** Types of codes that can be written again. */
export const isCode = (dtype: string): dtype is Dtype =>
  /^[IU](4|8|16|32)$/.test(dtype) || /^F8_E[45]M[23]/.test(dtype);

/**
 * Quantized codes as they are, but the one that means zero wherever `zeroed` reads 0. `zeroAt` gives that code for a range of elements; null: it is 0.
 */
export function rezeroedCodes(
  codes: Readable,
  dtype: Dtype,
  zeroAt: ((begin: number, count: number, signal: AbortSignal) => Promise<ArrayLike<number>>) | null,
  zeroed: Readable,
): StoredTensor {
  async function* windows(work: Work): AsyncGenerator<Uint8Array> {
    for (let begin = 0; begin < codes.elements; begin += CODES_AT_ONCE) {
      work.signal.throwIfAborted();
      const count = Math.min(CODES_AT_ONCE, codes.elements - begin);
      const stored = (await readValues(codes, begin, count, work.signal)).slice();
      const values = await readValues(zeroed, begin, count, work.signal);
      const zeros = zeroAt === null ? null : await zeroAt(begin, count, work.signal);
      for (let i = 0; i < count; i++) if (values[i] === 0) stored[i] = zeros === null ? 0 : zeros[i]!;
      yield dtype === 'I4' || dtype === 'U4' ? nibbles(stored) : (encodeValues(dtype, stored) as Uint8Array);
      await breathe();
    }
  }
  return { dtype, byteLength: byteLength(dtype, codes.elements), windows };
}

/** Two codes of 4 bits a byte, the first in the lower half. */
function nibbles(codes: ArrayLike<number>): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(codes.length / 2));
  for (let i = 0; i < codes.length; i++) bytes[i >> 1]! |= (codes[i]! & 15) << (4 * (i & 1));
  return bytes;
}
