import { BITS, byteLength, type Dtype, isFloat } from '@espalier/tensor';
import type { TensorEntry } from '../../checkpoint.js';
import { readValues } from '../../values/readValues.js';
import { entryOutput } from '../entryOutput.js';
import type { OutputTensor } from '../output.js';

/**
 * The tensor with every second value 0, as a pruning step hands it in: stored bytes where the values lie in the file as they are, with the zero point where they are quantized,
 * else numbers. null for what no step prunes. For tests.
 */
export function halved(entry: TensorEntry): OutputTensor | null {
  const { name, shape, elements, data } = entry;
  if (elements < 2 || entry.roleHint === 'scale' || name.endsWith('_scale')) return null;
  if (data.kind === 'raw') {
    const width = BITS[data.dtype] / 8;
    if (width < 1 || data.dtype.startsWith('C') || !(isFloat(data.dtype) || data.affine !== undefined)) return null;
    const points = data.affine?.form === 'zero-point' ? data.affine.zeroPoints : Float64Array.of(0);
    if (data.affine?.form === 'minimum' || points.some((point) => point !== points[0] || point < 0)) return null;
    const stored = {
      dtype: data.dtype,
      byteLength: byteLength(data.dtype, elements),
      async *windows() {
        const bytes = await data.source.read(data.begin, byteLength(data.dtype, elements));
        for (let i = 1; i < elements; i += 2) bytes.fill(0, i * width, (i + 1) * width)[i * width] = points[0]!;
        for (let at = 0; at < bytes.length; at += 65_536) yield bytes.slice(at, at + 65_536);
      },
    };
    if (data.affine === undefined) return { name, shape, origin: entry, ...stored };
    const { dtype, byteLength: length, windows } = entryOutput(entry);
    return { name, shape, dtype, byteLength: length, windows, origin: entry, stored };
  }
  if (data.kind === 'none' || !isFloat(entry.dtype) || /^F(4$|6_)/.test(entry.dtype)) return null;
  if (entry.storage.includes('affine') && data.rezeroed === undefined) return null;
  const dtype: Dtype = entry.dtype === 'F64' ? 'F64' : 'F32';
  const zeroed: TensorEntry = {
    ...entry,
    data: {
      kind: 'decoded',
      blockElements: 1,
      async read(begin, count, signal) {
        const values = (await readValues(entry, begin, count, signal)).slice();
        for (let i = 0; i < count; i++) if ((begin + i) % 2 === 1) values[i] = 0;
        return values;
      },
    },
  };
  return {
    name,
    shape,
    dtype,
    origin: entry,
    byteLength: byteLength(dtype, elements),
    async *windows() {
      const values = await readValues(zeroed);
      yield new Uint8Array((dtype === 'F64' ? Float64Array.from(values) : Float32Array.from(values)).buffer);
    },
    ...(data.rezeroed === undefined ? {} : { stored: data.rezeroed(zeroed) }),
  };
}
