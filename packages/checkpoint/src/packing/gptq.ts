import type { TensorEntry } from '../checkpoint.js';
import { isLength } from '../json.js';
import { codeAt, readWordColumns, readWordRows, unpackCodes, type Words, wordsOf } from './codes.js';
import type { PackingConfig } from './config.js';
import { expectShape, lazyValues, malformed, type Packing, packedEntry, rowData } from './packing.js';

/**
 * GPTQ: codes of 2, 3, 4 or 8 bits as a bit stream down each column of `qweight` [in · bits / 32, out]; for each group of inputs a scale and a
 * zero point, the latter packed along the outputs; `g_idx` names the group of each input.
 * weight[o, i] = scales[g_idx[i], o] · (code[i, o] − zero[g_idx[i], o]). Source: AutoGPTQ, qlinear_cuda_old.py; GPTQModel for version 2.
 */
export const gptq: Packing = {
  name: 'gptq',
  suffixes: ['.qweight'],
  async fold(base, parts, config) {
    const qweight = parts.need(`${base}.qweight`);
    const qzeros = parts.need(`${base}.qzeros`);
    const scales = parts.need(`${base}.scales`);
    const order = parts.find(`${base}.g_idx`);
    const words = wordsOf(qweight);
    const outputs = words.columns;
    const groups = scales.shape[0] ?? 0;
    // AWQ uses the same names, but packs along the outputs: it has eight scales for each column of words.
    if (scales.shape[1] !== outputs && scales.shape[1] === 8 * outputs) return undefined;
    expectShape(scales, [groups, outputs]);
    const zeroWords = wordsOf(qzeros);
    const bits = bitsOf(zeroWords, outputs, config);
    const inputs = (words.rows * 32) / bits;
    if (!isLength(inputs)) malformed(qweight.name, `has no whole number of ${bits}-bit codes`);
    expectShape(qzeros, [groups, Math.ceil((outputs * bits) / 32)]);
    if (order !== undefined) expectShape(order, [inputs]);

    const readScales = lazyValues(scales);
    const readGroups = lazyGroups(order, inputs, groups, config.groupSize ?? Math.ceil(inputs / groups));
    const readZeros = lazyZeros(zeroWords, outputs, bits, config.checkpointFormat === 'gptq_v2' ? 0 : 1);

    const read = async (from: number, to: number, signal?: AbortSignal): Promise<Float32Array> => {
      const [scale, zero, group] = [await readScales(signal), await readZeros(signal), await readGroups(signal)];
      const packed = await readWordColumns(words, from, to, signal);
      const out = new Float32Array((to - from) * inputs);
      const codes = new Uint8Array(inputs);
      const [rowScales, rowZeros] = [new Float32Array(groups), new Int32Array(groups)];
      for (let row = from; row < to; row++) {
        unpackCodes(packed, (row - from) * words.rows, bits, codes);
        for (let g = 0; g < groups; g++) {
          rowScales[g] = scale[g * outputs + row]!;
          rowZeros[g] = zero[g * outputs + row]!;
        }
        const at = (row - from) * inputs;
        for (let i = 0; i < inputs; i++) {
          const g = group[i]!;
          out[at + i] = rowScales[g]! * (codes[i]! - rowZeros[g]!);
        }
      }
      return out;
    };
    const shape = [outputs, inputs];
    const data = rowData(outputs * inputs, inputs, read);
    return packedEntry(`${base}.weight`, { dtype: scales.dtype, storage: `GPTQ-${bits}`, shape, data }, [
      qweight,
      qzeros,
      scales,
      order,
    ]);
  },
};

/** Zero points tell the number of bits: out · bits / 32 words for each group. */
function bitsOf(zeros: Words, outputs: number, config: PackingConfig): number {
  const bits = config.bits ?? (zeros.columns * 32) / outputs;
  if (![2, 3, 4, 8].includes(bits)) malformed('GPTQ', `with codes of ${bits} bits is not known`);
  return bits;
}

/** The group of each input: as `g_idx` names it, else by their order. */
function lazyGroups(
  order: TensorEntry | undefined,
  inputs: number,
  groups: number,
  groupSize: number,
): (signal?: AbortSignal) => Promise<Uint32Array> {
  const implied = Uint32Array.from({ length: order === undefined ? inputs : 0 }, (_, i) => Math.floor(i / groupSize));
  if (order === undefined && implied.some((group) => group >= groups))
    malformed('GPTQ', `groups of ${groupSize} inputs are more than there are scales`);
  const stated = order === undefined ? undefined : lazyValues(order);
  return async (signal) => {
    if (stated === undefined) return implied;
    const named = await stated(signal);
    const wrong = named.find((group) => !(group >= 0 && group < groups));
    if (wrong !== undefined) malformed(order?.name ?? '', `names group ${wrong} of ${groups}`);
    return Uint32Array.from(named);
  };
}

function lazyZeros(
  words: Words,
  outputs: number,
  bits: number,
  offset: number,
): (signal?: AbortSignal) => Promise<Int32Array> {
  let zeros: Promise<Int32Array> | undefined;
  const read = async (signal?: AbortSignal): Promise<Int32Array> => {
    const packed = await readWordRows(words, 0, words.rows, signal);
    return Int32Array.from({ length: words.rows * outputs }, (_, index) => {
      const group = Math.floor(index / outputs);
      return codeAt(packed, group * words.columns, index % outputs, bits) + offset;
    });
  };
  return (signal) => {
    zeros ??= read(signal).catch((error: unknown) => {
      zeros = undefined;
      throw error;
    });
    return zeros;
  };
}
