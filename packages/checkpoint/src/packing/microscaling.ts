import { valueOfBits } from '@espalier/tensor';
import { readValues } from '../values/readValues.js';
import { expectShape, malformed, type Packing, packedEntry, rowData, smallValues } from './packing.js';

const E2M1 = Float32Array.from({ length: 16 }, (_, bits) => valueOfBits('F4', bits));
const E8M0 = Float64Array.from({ length: 256 }, (_, bits) => valueOfBits('F8_E8M0', bits));

/**
 * MXFP4 as gpt-oss stores it: `_blocks` [… , groups, 16] with two E2M1 codes in a byte, low nibble first, and `_scales` [… , groups] of biased
 * exponents; 32 values share a scale. Logical shape [… , groups · 32]. Source: OCP Microscaling Formats 1.0; transformers, integrations/mxfp4.py.
 */
export const mxfp4: Packing = {
  name: 'mxfp4',
  suffixes: ['_blocks'],
  async fold(base, parts, config) {
    const blocks = parts.need(`${base}_blocks`);
    const scales = parts.find(`${base}_scales`);
    if (scales === undefined || blocks.dtype !== 'U8' || scales.dtype !== 'U8' || blocks.shape.at(-1) !== 16)
      return undefined;
    expectShape(scales, blocks.shape.slice(0, -1));
    const elements = 2 * blocks.elements;
    const read = async (from: number, to: number, signal?: AbortSignal): Promise<Float32Array> => {
      const exponents = await readValues(scales, from, to - from, signal);
      const bytes = await readValues(blocks, 16 * from, 16 * (to - from), signal);
      const out = new Float32Array(32 * (to - from));
      for (let i = 0; i < bytes.length; i++) {
        const scale = E8M0[exponents[i >> 4]!]!;
        out[2 * i] = E2M1[bytes[i]! & 15]! * scale;
        out[2 * i + 1] = E2M1[bytes[i]! >> 4]! * scale;
      }
      return out;
    };
    const shape = [...blocks.shape.slice(0, -2), 32 * blocks.shape.at(-2)!];
    return packedEntry(
      base,
      { dtype: config.dtype ?? 'BF16', storage: 'MXFP4', shape, data: rowData(elements, 32, read) },
      [blocks, scales],
    );
  },
};

/**
 * NVFP4 of compressed-tensors: E2M1 codes, low nibble first; 16 values share a scale of F8_E4M3, which is divided by one global scale.
 * Source: compressed-tensors, nvfp4_quantized.py.
 */
export const nvfp4: Packing = {
  name: 'nvfp4',
  suffixes: ['.weight_packed'],
  async fold(base, parts, config, signal) {
    const codes = parts.need(`${base}.weight_packed`);
    const scales = parts.find(`${base}.weight_scale`);
    const overall = parts.find(`${base}.weight_global_scale`);
    if (overall === undefined || codes.dtype !== 'U8' || codes.shape.length !== 2) return undefined;
    const [outputs, half] = codes.shape as [number, number];
    const inputs = 2 * half;
    if (scales === undefined) return malformed(`${base}.weight_scale`, 'is missing');
    expectShape(scales, [outputs, inputs / 16]);
    const [divisor] = await smallValues(overall, 1, signal);
    const read = async (from: number, to: number, signal?: AbortSignal): Promise<Float32Array> => {
      const scale = await readValues(scales, (from * inputs) / 16, ((to - from) * inputs) / 16, signal);
      const bytes = await readValues(codes, from * half, (to - from) * half, signal);
      const out = new Float32Array((to - from) * inputs);
      for (let i = 0; i < bytes.length; i++) {
        const real = Math.fround(scale[i >> 3]! / divisor!);
        out[2 * i] = E2M1[bytes[i]! & 15]! * real;
        out[2 * i + 1] = E2M1[bytes[i]! >> 4]! * real;
      }
      return out;
    };
    const stored = {
      dtype: config.dtype ?? 'BF16',
      storage: 'NVFP4',
      shape: [outputs, inputs],
      data: rowData(outputs * inputs, inputs, read),
    };
    return packedEntry(`${base}.weight`, stored, [codes, scales, overall]);
  },
};
