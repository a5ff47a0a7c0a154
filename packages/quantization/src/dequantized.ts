import { type DecodedData, readValues, type TensorEntry } from '@espalier/checkpoint';
import { decode, encode, type Quantizer } from './quantizer.js';

/** The tensor as it is after quantization: each value is what its code stands for, as f32. Its bytes are those of codes and scales. */
export function dequantizedEntry(entry: TensorEntry, quantizer: Quantizer, bytes: number): TensorEntry {
  const data: DecodedData = {
    kind: 'decoded',
    blockElements: entry.data.kind === 'decoded' ? entry.data.blockElements : 1 << 20,
    async read(begin, length, signal) {
      const values = await readValues(entry, begin, length, signal);
      const codes = new Int16Array(values.length);
      encode(quantizer, values, begin, codes);
      const out = new Float32Array(values.length);
      decode(quantizer, codes, begin, out);
      return out;
    },
  };
  return { ...entry, dtype: 'F32', storage: quantizer.scheme.name, bytes, data };
}
