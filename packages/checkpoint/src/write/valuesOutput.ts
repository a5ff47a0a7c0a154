import { breathe, invariant, raise, type Work } from '@espalier/base';
import { BITS, byteLength, type Dtype, encodeValues, isDtype, isEncodable, isFloat } from '@espalier/tensor';
import type { TensorEntry } from '../checkpoint.js';
import { brief } from '../names.js';
import { readValues } from '../values/readValues.js';
import type { OutputTensor } from './output.js';

const WINDOW_BYTES = 1024 * 1024;

/**
 * A tensor by its values, for data that do not lie in the file as they are: in its own type (strided, big-endian, compressed, sparse ones), but
 * what quantized and packed weights mean as F64 where it is that, else as F32.
 */
export function valuesOutput(entry: TensorEntry): Pick<OutputTensor, 'dtype' | 'byteLength' | 'windows'> {
  invariant(isDtype(entry.dtype) || entry.elements === 0, `${entry.name} has no numbers`);
  const dtype = typeOf(entry);
  const perWindow = (8 * WINDOW_BYTES) / BITS[dtype];
  async function* windows(work: Work): AsyncGenerator<Uint8Array> {
    for (let begin = 0; begin < entry.elements; begin += perWindow) {
      work.signal.throwIfAborted();
      const values = await readValues(entry, begin, Math.min(perWindow, entry.elements - begin), work.signal);
      const bytes = encodeValues(dtype, values);
      if (bytes instanceof Uint8Array) yield bytes;
      else {
        raise({
          code: 'output/type',
          message: `${brief(entry.name)} holds ${values[bytes.misfit]}, which cannot be told exactly as ${dtype}.`,
          expected: dtype,
        });
      }
      await breathe();
    }
  }
  return { dtype, byteLength: byteLength(dtype, entry.elements), windows };
}

/** A quantized weight that means F16 has values between those of F16; any other number is one of its type. */
function typeOf({ dtype, storage, packedFrom }: TensorEntry): Dtype {
  if (!isDtype(dtype) || !isEncodable(dtype)) return 'F32';
  const isQuantized = storage.includes('affine') || (packedFrom !== undefined && !storage.startsWith(dtype));
  return isFloat(dtype) && dtype !== 'F64' && isQuantized ? 'F32' : dtype;
}
