import type { Dtype, LogicalDtype } from '@espalier/tensor';
import { type Decoder, decoders } from './decoders/index.js';

/** A tensor type of ggml. */
export interface GgmlType {
  readonly name: string;
  readonly dtype: LogicalDtype;
  /** Values in one block, and the bytes it takes. */
  readonly blockElements: number;
  readonly blockBytes: number;
  /** For types whose values lie in memory one after the other. */
  readonly layout: Dtype | null;
  /** For block types; null where their meaning is not published. */
  readonly decode: Decoder | null;
}

const plain = (name: string, layout: Dtype, blockBytes: number): GgmlType => ({
  name,
  dtype: layout,
  blockElements: 1,
  blockBytes,
  layout,
  decode: null,
});
const blocks = (name: string, blockElements: number, blockBytes: number): GgmlType => ({
  name,
  dtype: 'F32',
  blockElements,
  blockBytes,
  layout: null,
  decode: decoders[name] ?? null,
});

/** `enum ggml_type` by number, sizes as in `GGML_QUANT_SIZES` of the gguf package 0.19. Numbers that are missing were withdrawn. */
const TYPES: Readonly<Record<number, GgmlType>> = {
  0: plain('F32', 'F32', 4),
  1: plain('F16', 'F16', 2),
  2: blocks('Q4_0', 32, 18),
  3: blocks('Q4_1', 32, 20),
  6: blocks('Q5_0', 32, 22),
  7: blocks('Q5_1', 32, 24),
  8: blocks('Q8_0', 32, 34),
  // Two half-precision numbers and 32 codes in ggml-common.h; the gguf package still counts the single-precision pair of 2023. No file is known to hold it.
  9: blocks('Q8_1', 32, 36),
  10: blocks('Q2_K', 256, 84),
  11: blocks('Q3_K', 256, 110),
  12: blocks('Q4_K', 256, 144),
  13: blocks('Q5_K', 256, 176),
  14: blocks('Q6_K', 256, 210),
  15: blocks('Q8_K', 256, 292),
  16: blocks('IQ2_XXS', 256, 66),
  17: blocks('IQ2_XS', 256, 74),
  18: blocks('IQ3_XXS', 256, 98),
  19: blocks('IQ1_S', 256, 50),
  20: blocks('IQ4_NL', 32, 18),
  21: blocks('IQ3_S', 256, 110),
  22: blocks('IQ2_S', 256, 82),
  23: blocks('IQ4_XS', 256, 136),
  24: plain('I8', 'I8', 1),
  25: plain('I16', 'I16', 2),
  26: plain('I32', 'I32', 4),
  27: plain('I64', 'I64', 8),
  28: plain('F64', 'F64', 8),
  29: blocks('IQ1_M', 256, 56),
  30: plain('BF16', 'BF16', 2),
  34: blocks('TQ1_0', 256, 54),
  35: blocks('TQ2_0', 256, 66),
  39: blocks('MXFP4', 32, 17),
  40: blocks('NVFP4', 64, 36),
  41: blocks('Q1_0', 128, 18),
};

const NUMBERS = new Map(Object.entries(TYPES).map(([number, { name }]) => [name, Number(number)]));

/** The number of a type's name, for writers; null where there is none. */
export const ggmlNumber = (name: string): number | null => NUMBERS.get(name) ?? null;

/** null for a number that this reader does not know: not even its size can be told. */
export const ggmlType = (type: number): GgmlType | null => (Object.hasOwn(TYPES, type) ? TYPES[type]! : null);
