import { readWordColumns, readWordRows, wordsOf } from './codes.js';
import { expectShape, lazyValues, malformed, type Packing, packedEntry, rowData } from './packing.js';

/** Nibble of the word in which each of eight neighbouring output channels stands: they are stored in the order 0 2 4 6 1 3 5 7. */
const NIBBLE = [0, 4, 1, 5, 2, 6, 3, 7];

/**
 * AWQ (gemm): eight output channels of 4 bits in a word, `qweight` [in, out / 8], `qzeros` [groups, out / 8], `scales` [groups, out].
 * weight[o, i] = scales[group(i), o] · (code[i, o] − zero[group(i), o]). Source: AutoAWQ, awq/utils/packing_utils.py.
 */
export const awq: Packing = {
  name: 'awq',
  suffixes: ['.qweight'],
  async fold(base, parts, config) {
    const qweight = parts.need(`${base}.qweight`);
    const qzeros = parts.need(`${base}.qzeros`);
    const scales = parts.need(`${base}.scales`);
    const words = wordsOf(qweight);
    const inputs = words.rows;
    const outputs = words.columns * 8;
    const groups = scales.shape[0] ?? 0;
    if ((config.bits ?? 4) !== 4) malformed('AWQ', `with codes of ${config.bits} bits is not known`);
    expectShape(scales, [groups, outputs]);
    expectShape(qzeros, [groups, words.columns]);
    const groupSize = Math.ceil(inputs / groups);
    const zeroWords = wordsOf(qzeros);
    const readScales = lazyValues(scales);

    /** Rows here are eight output channels each, since they share their words. */
    const read = async (from: number, to: number, signal?: AbortSignal): Promise<Float32Array> => {
      const scale = await readScales(signal);
      const zeros = await readWordRows(zeroWords, 0, groups, signal);
      const codes = await readWordColumns(words, from, to, signal);
      const out = new Float32Array((to - from) * 8 * inputs);
      for (let eight = from; eight < to; eight++) {
        const words8 = (eight - from) * inputs;
        for (let c = 0; c < 8; c++) {
          const shift = 4 * NIBBLE[c]!;
          const output = 8 * eight + c;
          const at = (output - 8 * from) * inputs;
          for (let g = 0; g < groups; g++) {
            const factor = scale[g * outputs + output]!;
            const zero = (zeros[g * words.columns + eight]! >>> shift) & 15;
            const end = Math.min((g + 1) * groupSize, inputs);
            for (let i = g * groupSize; i < end; i++)
              out[at + i] = factor * (((codes[words8 + i]! >>> shift) & 15) - zero);
          }
        }
      }
      return out;
    };
    const data = rowData(outputs * inputs, 8 * inputs, read);
    return packedEntry(`${base}.weight`, { dtype: scales.dtype, storage: 'AWQ-4', shape: [outputs, inputs], data }, [
      qweight,
      qzeros,
      scales,
    ]);
  },
};
