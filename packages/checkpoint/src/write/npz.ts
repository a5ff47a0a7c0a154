import { invariant, raise } from '@espalier/base';
import type { OutputTensor, Writer } from './output.js';
import { concat, ZipWriter } from './zipWriter.js';

/** Types as NumPy describes them. It has none for BF16 and the types of 8 bits and below that are floating. */
const DESCRIPTIONS: Partial<Record<OutputTensor['dtype'], string>> = {
  F64: '<f8',
  F32: '<f4',
  F16: '<f2',
  I64: '<i8',
  I32: '<i4',
  I16: '<i2',
  I8: '|i1',
  U64: '<u8',
  U32: '<u4',
  U16: '<u2',
  U8: '|u1',
  BOOL: '|b1',
  C64: '<c8',
  C128: '<c16',
};

/** Data begin at multiples of this. (numpy/lib/format.py, ARRAY_ALIGN) */
const ALIGNMENT = 64;

/** Arrays in a zip archive, stored as they are. (NumPy, "The NPY format", version 1.0 and 3.0 for names that are not Latin-1) */
export const npz: Writer = {
  format: 'npz',
  label: 'NumPy npz',
  extensions: ['.npz'],
  refuses({ tensors }) {
    const odd = tensors.find(({ dtype }) => DESCRIPTIONS[dtype] === undefined);
    if (odd !== undefined)
      return { code: 'output/type', message: `NumPy has no type ${odd.dtype}, which ${odd.name} has.` };
    return null;
  },
  async write(folder, name, { tensors, metadata }, work) {
    const created = await folder.create(name);
    if (!created.ok) raise(created.fault);
    const zip = new ZipWriter(created.value);
    const total = tensors.reduce((sum, { byteLength }) => sum + byteLength, 0);
    let done = 0;
    for (const tensor of tensors) {
      const written = await zip.addTensor(`${tensor.name}.npy`, headerOf(tensor), tensor, work, (bytes) => {
        done += bytes;
        work.progress({ done, total, label: name });
      });
      invariant(written === tensor.byteLength, `${tensor.name}: ${written} bytes of ${tensor.byteLength}`);
    }
    // Not an array: `numpy.load` lists it and reads it only when asked to.
    if (Object.keys(metadata).length > 0)
      await zip.addBytes('espalier.json', new TextEncoder().encode(JSON.stringify(metadata)));
    await zip.finish();
  },
};

function headerOf({ dtype, shape }: OutputTensor): Uint8Array {
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const dict = `{'descr': '${DESCRIPTIONS[dtype]}', 'fortran_order': False, 'shape': (${sizes}), }`;
  const length = Math.ceil((10 + dict.length + 1) / ALIGNMENT) * ALIGNMENT - 10;
  const head = new Uint8Array(10);
  head.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]);
  new DataView(head.buffer).setUint16(8, length, true);
  return concat([head, new TextEncoder().encode(`${dict.padEnd(length - 1)}\n`)]);
}
