import type { Decoder } from './decoder.js';
import { iq1_m, iq1_s, iq2_s, iq2_xs, iq2_xxs, iq3_s, iq3_xxs, iq4_nl, iq4_xs } from './iQuants.js';
import { q2_K, q3_K, q4_K, q5_K, q6_K } from './kQuants.js';
import { mxfp4, nvfp4, q1_0, q4_0, q4_1, q5_0, q5_1, q8_0, q8_1, q8_K, tq1_0, tq2_0 } from './simple.js';

export type { Decoder } from './decoder.js';

/**
 * Every block type that is decoded, by its name in ggml. The arithmetic follows `gguf/quants.py` of the gguf package 0.19, in single precision;
 * Q1_0, Q8_1 and Q8_K, which the package does not decode, follow ggml's own description of their blocks (ggml-common.h).
 */
export const decoders: Readonly<Record<string, Decoder>> = {
  Q1_0: q1_0,
  Q4_0: q4_0,
  Q4_1: q4_1,
  Q5_0: q5_0,
  Q5_1: q5_1,
  Q8_0: q8_0,
  Q8_1: q8_1,
  Q2_K: q2_K,
  Q3_K: q3_K,
  Q4_K: q4_K,
  Q5_K: q5_K,
  Q6_K: q6_K,
  Q8_K: q8_K,
  IQ2_XXS: iq2_xxs,
  IQ2_XS: iq2_xs,
  IQ2_S: iq2_s,
  IQ3_XXS: iq3_xxs,
  IQ3_S: iq3_s,
  IQ1_S: iq1_s,
  IQ1_M: iq1_m,
  IQ4_NL: iq4_nl,
  IQ4_XS: iq4_xs,
  TQ1_0: tq1_0,
  TQ2_0: tq2_0,
  MXFP4: mxfp4,
  NVFP4: nvfp4,
};
