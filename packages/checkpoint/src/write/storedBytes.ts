import { invariant, raise, sizeOf, type Work } from '@espalier/base';
import { BITS, byteLength, type Dtype, decodeValues, encodeValues, isEncodable } from '@espalier/tensor';
import { brief } from '../names.js';
import { exactWindows } from './exactWindows.js';
import type { OutputTensor, StoredTensor } from './output.js';

/** Numbers that are converted together. */
const NUMBERS_AT_ONCE = 65_536;

/**
 * A tensor's bytes in the type that its container states: as they come where that is their type, else converted. Values that were read in that type come out as they were; an integer
 * type refuses a number that it does not hold while it is written. `elements` is how many the container counts: packed codes are fewer. Raises `output/type`.
 */
export function storedBytes(
  output: OutputTensor,
  dtype: Dtype,
  format: string,
  elements = sizeOf(output.shape),
): StoredTensor {
  const given = output.stored ?? output;
  const needed = byteLength(dtype, elements);
  if (given.dtype === dtype) {
    invariant(given.byteLength === needed, `${output.name}: ${given.byteLength} bytes of ${needed}`);
    return given;
  }
  const plain = output.dtype === 'F32' || output.dtype === 'F64';
  if (!plain || !isEncodable(dtype)) {
    raise({
      code: 'output/type',
      message: `${brief(output.name)} is ${dtype} in the ${format} file and would become ${given.dtype}.`,
      expected: dtype,
      found: given.dtype,
      hint: 'Name the output .safetensors: every tensor is kept there, with the type that it has then.',
    });
  }
  return { dtype, byteLength: needed, windows: (work) => converted(output, dtype, work) };
}

async function* converted(output: OutputTensor, dtype: Dtype, work: Work): AsyncGenerator<Uint8Array> {
  const width = BITS[output.dtype] / 8;
  for await (const window of exactWindows(output.windows(work), width * NUMBERS_AT_ONCE)) {
    const values = decodeValues(output.dtype, window, window.length / width);
    const bytes = encodeValues(dtype, values);
    if (bytes instanceof Uint8Array) yield bytes;
    else {
      raise({
        code: 'output/type',
        message: `${brief(output.name)} would hold ${values[bytes.misfit]}, which ${dtype} has not.`,
        expected: dtype,
      });
    }
  }
}
