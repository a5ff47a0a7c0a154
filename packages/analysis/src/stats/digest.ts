import { DIGEST_BLOCK_WORDS, kernels, mix64 } from '@espalier/kernels';
import { addDigests } from './accumulator.js';
import type { DigestSum } from './question.js';

/** Collects the digest of a tensor window by window. Windows begin at multiples of 1024 elements. */
export interface DigestAccumulator {
  addFloat32(values: Float32Array, begin: number): void;
  addFloat64(values: Float64Array, begin: number): void;
  /** Patterns, by the value of each. */
  addMapped(words: Uint16Array | Uint8Array, values: Float32Array, begin: number): void;
  sum(): DigestSum | null;
}

/** Values mapped at once: small enough to stay in the cache. */
const MAPPED_ELEMENTS = 8192;

export function digestAccumulator(wanted: boolean): DigestAccumulator {
  const sum = new Uint32Array(4);
  if (!wanted) return { addFloat32() {}, addFloat64() {}, addMapped() {}, sum: () => null };
  const k = kernels();
  const addFloat32 = (values: Float32Array, begin: number): void =>
    k.digestBlocks(
      new Uint32Array(values.buffer, values.byteOffset, values.length),
      begin / DIGEST_BLOCK_WORDS,
      true,
      sum,
    );
  let mapped: Float32Array | null = null;
  return {
    addFloat32,
    addFloat64(values, begin) {
      k.digestBlocks(canonicalWords(values), (2 * begin) / DIGEST_BLOCK_WORDS, false, sum);
    },
    addMapped(words, values, begin) {
      mapped ??= new Float32Array(MAPPED_ELEMENTS);
      for (let at = 0; at < words.length; at += MAPPED_ELEMENTS) {
        const count = Math.min(MAPPED_ELEMENTS, words.length - at);
        for (let i = 0; i < count; i++) mapped[i] = values[words[at + i]!]!;
        addFloat32(mapped.subarray(0, count), begin + at);
      }
    },
    sum: () => [sum[0]!, sum[1]!, sum[2]!, sum[3]!],
  };
}

/** Bits of f64 values with one zero and one NaN. */
function canonicalWords(values: Float64Array): Uint32Array {
  const copy = values.slice();
  for (let i = 0; i < copy.length; i++) {
    if (copy[i] === 0) copy[i] = 0;
    else if (Number.isNaN(copy[i])) copy[i] = Number.NaN;
  }
  const words = new Uint32Array(copy.buffer);
  for (let i = 0; i < copy.length; i++) {
    if (!Number.isNaN(copy[i])) continue;
    words[2 * i] = 0;
    words[2 * i + 1] = 0x7ff8_0000;
  }
  return words;
}

/** 32 hexadecimal digits from the sum of blocks and the number of elements. Equal values give equal digits, whatever the type that stored them. */
export function digestText(sum: DigestSum, elements: number, words: 1 | 2): string {
  const start: DigestSum = [elements >>> 0, Math.floor(elements / 2 ** 32), words, 0];
  const [a, b, c, d] = addDigests(sum, start);
  const first = mix64(BigInt(a) | (BigInt(b) << 32n));
  const second = mix64((BigInt(c) | (BigInt(d) << 32n)) ^ first);
  return first.toString(16).padStart(16, '0') + second.toString(16).padStart(16, '0');
}
