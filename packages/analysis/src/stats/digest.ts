import type { RawData } from '@espalier/checkpoint';
import { DIGEST_BLOCK_WORDS, kernels, mix64 } from '@espalier/kernels';
import { addDigests } from './accumulator.js';
import type { DigestSum } from './question.js';
import { BLOCK_ELEMENTS } from './reader.js';

/** Collects the digest of a tensor block by block. Blocks begin at multiples of 1024 elements. */
export interface DigestAccumulator {
  addFloat32(values: Float32Array, begin: number): void;
  addFloat64(values: Float64Array, begin: number): void;
  /** Stored patterns, by the value of each. */
  addPatterns(patterns: Uint16Array | Uint8Array, begin: number): void;
  sum(): DigestSum | null;
  release(): void;
}

/** `data` and `meaning` say what patterns stand for; values of other modes need neither. */
export function digestAccumulator(wanted: boolean, data?: RawData, meaning?: Float32Array): DigestAccumulator {
  if (!wanted) return { addFloat32() {}, addFloat64() {}, addPatterns() {}, sum: () => null, release() {} };
  const k = kernels();
  const sum = new Uint32Array(4);
  const region = data === undefined ? null : k.take(4 * BLOCK_ELEMENTS);
  const decode = data?.affine === undefined ? data?.dtype : undefined;
  const addFloat32 = (values: Float32Array, begin: number): void =>
    k.digestBlocks(
      new Uint32Array(values.buffer, values.byteOffset, values.length),
      begin / DIGEST_BLOCK_WORDS,
      true,
      sum,
    );
  return {
    addFloat32,
    addFloat64(values, begin) {
      k.digestBlocks(canonicalWords(values), (2 * begin) / DIGEST_BLOCK_WORDS, false, sum);
    },
    addPatterns(patterns, begin) {
      const values = new Float32Array(region!.buffer, region!.byteOffset, patterns.length);
      if (decode === 'F16') k.decodeFloat16(patterns as Uint16Array, values);
      else if (decode === 'BF16') k.decodeBfloat16(patterns as Uint16Array, values);
      else k.mapPatterns(patterns, meaning!, values);
      addFloat32(values, begin);
    },
    sum: () => [sum[0]!, sum[1]!, sum[2]!, sum[3]!],
    release: () => region?.release(),
  };
}

/** Bits of f64 values with one zero and one NaN. */
function canonicalWords(values: Float64Array): Uint32Array {
  const copy = values.slice();
  const words = new Uint32Array(copy.buffer);
  for (let i = 0; i < copy.length; i++) {
    if (copy[i] === 0) copy[i] = 0;
    else if (Number.isNaN(copy[i])) {
      words[2 * i] = 0;
      words[2 * i + 1] = 0x7ff8_0000;
    }
  }
  return words;
}

/**
 * 32 hexadecimal digits from the sum of blocks, the number of elements and the width of the values. Equal values give equal digests,
 * whatever type of at most 32 bits stored them.
 */
export function digestText(sum: DigestSum, elements: number, words: 1 | 2): string {
  const start: DigestSum = [elements >>> 0, Math.floor(elements / 2 ** 32), words, 0];
  const [a, b, c, d] = addDigests(sum, start);
  const first = mix64(BigInt(a) | (BigInt(b) << 32n));
  const second = mix64((BigInt(c) | (BigInt(d) << 32n)) ^ first);
  return first.toString(16).padStart(16, '0') + second.toString(16).padStart(16, '0');
}
