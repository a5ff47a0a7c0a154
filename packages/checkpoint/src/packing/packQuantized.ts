import type { TensorEntry } from '../checkpoint.js';
import { readValues } from '../values/readValues.js';
import { readWordRows, type Words, wordsOf } from './codes.js';
import { expectShape, lazyValues, malformed, type Packing, packedEntry, rowData, smallValues } from './packing.js';

/**
 * compressed-tensors `pack-quantized`: signed codes plus 2^(bits − 1), as many whole ones in a 32-bit word as fit, along the inputs;
 * scales [out, groups]; zero points likewise, but packed along the outputs. Source: compressed-tensors, pack_quantized.py.
 */
export const packQuantized: Packing = {
  name: 'compressed-tensors',
  suffixes: ['.weight_packed'],
  async fold(base, parts, config, signal) {
    const packed = parts.need(`${base}.weight_packed`);
    const scales = parts.find(`${base}.weight_scale`);
    const stated = parts.find(`${base}.weight_shape`);
    if (scales === undefined || stated === undefined || packed.dtype === 'U8') return undefined;
    const words = wordsOf(packed);
    const [outputs, inputs] = (await smallValues(stated, 2, signal)) as unknown as [number, number];
    if (outputs !== words.rows || !Number.isSafeInteger(inputs) || inputs < 1) {
      malformed(stated.name, 'contradicts the packed weight', words.rows, String(outputs));
    }
    const bits = config.bits ?? bitsOf(inputs, words.columns, packed);
    const perWord = Math.floor(32 / bits);
    if (words.columns !== Math.ceil(inputs / perWord))
      malformed(
        packed.name,
        'has another number of words than its shape needs',
        Math.ceil(inputs / perWord),
        words.columns,
      );
    const groups = scales.shape.length === 2 ? scales.shape[1]! : 1;
    if (scales.elements !== outputs * groups || groups < 1)
      malformed(scales.name, 'has another shape than its weight needs');
    const groupSize = Math.ceil(inputs / groups);
    const order = parts.find(`${base}.weight_g_idx`);
    if (order !== undefined) expectShape(order, [inputs]);
    const zeroPoints = parts.find(`${base}.weight_zero_point`);
    const zeroAt = zeroPoints === undefined ? undefined : zeroReader(zeroPoints, outputs, groups, bits);
    const readOrder = order === undefined ? undefined : lazyValues(order);
    const half = 2 ** (bits - 1);
    const mask = 2 ** bits - 1;

    const read = async (from: number, to: number, signal?: AbortSignal): Promise<Float32Array> => {
      const scale = await readValues(scales, from * groups, (to - from) * groups, signal);
      const zeros = await zeroAt?.(from, to, signal);
      const group = await readOrder?.(signal);
      const codes = await readWordRows(words, from, to, signal);
      const out = new Float32Array((to - from) * inputs);
      for (let row = 0; row < to - from; row++) {
        for (let i = 0; i < inputs; i++) {
          const word = codes[row * words.columns + Math.floor(i / perWord)]!;
          const code = ((word >>> ((i % perWord) * bits)) & mask) - half;
          const g = row * groups + (group === undefined ? Math.floor(i / groupSize) : inGroup(group[i]!, groups, base));
          out[row * inputs + i] = scale[g]! * (code - (zeros?.[g] ?? 0));
        }
      }
      return out;
    };
    const stored = {
      dtype: scales.dtype,
      storage: `INT${bits}-PACKED`,
      shape: [outputs, inputs],
      data: rowData(outputs * inputs, inputs, read),
    };
    return packedEntry(`${base}.weight`, stored, [packed, scales, stated, zeroPoints, order]);
  },
};

function inGroup(group: number, groups: number, base: string): number {
  return group >= 0 && group < groups ? group : malformed(`${base}.weight_g_idx`, `names group ${group} of ${groups}`);
}

/** The number of bits that makes so many words of so many inputs: 4 and 8 before the odd ones. */
function bitsOf(inputs: number, columns: number, packed: TensorEntry): number {
  const found = [4, 8, 2, 3, 5, 6, 7].find((bits) => Math.ceil(inputs / Math.floor(32 / bits)) === columns);
  return found ?? malformed(packed.name, 'fits no number of bits');
}

type Zeros = (from: number, to: number, signal?: AbortSignal) => Promise<Float64Array>;

/** Zero points of rows: packed along the rows into words [⌈out / perWord⌉, groups], or one number each. */
function zeroReader(part: TensorEntry, outputs: number, groups: number, bits: number): Zeros {
  if (part.dtype !== 'I32') {
    if (part.elements !== outputs * groups) malformed(part.name, 'has another shape than the scales');
    return async (from, to, signal) =>
      Float64Array.from(await readValues(part, from * groups, (to - from) * groups, signal));
  }
  const words: Words = wordsOf(part);
  const perWord = Math.floor(32 / bits);
  expectShape(part, [Math.ceil(outputs / perWord), groups]);
  return async (from, to, signal) => {
    const firstWord = Math.floor(from / perWord);
    const codes = await readWordRows(words, firstWord, Math.ceil(to / perWord), signal);
    return Float64Array.from({ length: (to - from) * groups }, (_, index) => {
      const row = from + Math.floor(index / groups);
      const word = codes[(Math.floor(row / perWord) - firstWord) * groups + (index % groups)]!;
      return ((word >>> ((row % perWord) * bits)) & (2 ** bits - 1)) - 2 ** (bits - 1);
    });
  };
}
