import { DIGEST_KEYS } from './digestKeys.js';
import type { Kernel } from './kernel.js';

/** 32-bit words in a block of the digest: 1024 f32 values, or 512 f64 values. */
export const DIGEST_BLOCK_WORDS = 1024;

/**
 * Adds the hashes of consecutive blocks of 1024 words to a 128-bit sum (two 64-bit halves, each low word first), modulo 2⁶⁴ each. The
 * number of a block is hashed with it, so blocks may be added in any order and by any worker. A last block that is shorter is padded with
 * zeros to whole stripes of 16 words. With `canonical`, words are f32 values and −0 counts as +0, every NaN as 0x7fc00000.
 *
 * Hash of a block, after the long-input loop of XXH3 (Collet, 2019): eight 64-bit lanes; for each stripe of eight 64-bit inputs x and keys k,
 * lane[i ^ 1] += x[i] and lane[i] += low32(x[i] ^ k[i]) · high32(x[i] ^ k[i]), the keys moving on by one 64-bit word a stripe. The lanes and
 * the block number then go through two chains of the 64-bit finalizer of MurmurHash3 (Appleby, 2011). Not cryptographic.
 */
export const digestBlocks: Kernel<
  [words: Uint32Array, firstBlock: number, canonical: boolean, sum: Uint32Array],
  void
> = {
  name: 'digestBlocks',
  plain(words, firstBlock, canonical, sum) {
    for (let at = 0, block = firstBlock; at < words.length; at += DIGEST_BLOCK_WORDS, block++) {
      const lanes = hashStripes(words.subarray(at, at + DIGEST_BLOCK_WORDS), canonical);
      const [first, second] = finish(lanes, BigInt(block));
      const [a, b] = [join(sum[0]!, sum[1]!) + first, join(sum[2]!, sum[3]!) + second];
      sum[0] = Number(a & LOW);
      sum[1] = Number((a >> 32n) & LOW);
      sum[2] = Number(b & LOW);
      sum[3] = Number((b >> 32n) & LOW);
    }
  },
  simd: (wasm) => (words, firstBlock, canonical, sum) => {
    const frame = wasm.frame();
    // A whole last stripe is read; what is behind the words does not count.
    const inside = words.buffer === wasm.memory.buffer;
    const x = inside ? words.byteOffset : frame.input(words);
    if (!inside) frame.scratch(64);
    const total = frame.inout(sum);
    if (frame.full) return digestBlocks.plain(words, firstBlock, canonical, sum);
    wasm.exports.digestBlocks(x, words.length, firstBlock, canonical ? 1 : 0, wasm.keys, total);
    frame.done();
  },
};

const LOW = 0xffff_ffffn;
const MASK = 0xffff_ffff_ffff_ffffn;
const join = (low: number, high: number): bigint => BigInt(low) | (BigInt(high) << 32n);

const keyWords = Uint32Array.from(DIGEST_KEYS.flatMap((key) => [Number(key & LOW), Number(key >> 32n)]));

function hashStripes(words: Uint32Array, canonical: boolean): bigint[] {
  const low = new Uint32Array(8);
  const high = new Uint32Array(8);
  for (let i = 0; i < 8; i++) {
    low[i] = keyWords[2 * (72 + i)]!;
    high[i] = keyWords[2 * (72 + i) + 1]!;
  }
  const add = (lane: number, l: number, h: number): void => {
    const sum = low[lane]! + l;
    low[lane] = sum;
    high[lane] = high[lane]! + h + (sum > 0xffff_ffff ? 1 : 0);
  };
  for (let at = 0, stripe = 0; at < words.length; at += 16, stripe++) {
    for (let i = 0; i < 8; i++) {
      const xl = canonicalWord(words[at + 2 * i] ?? 0, canonical);
      const xh = canonicalWord(words[at + 2 * i + 1] ?? 0, canonical);
      add(i ^ 1, xl, xh);
      const a = (xl ^ keyWords[2 * (stripe + i)]!) >>> 0;
      const b = (xh ^ keyWords[2 * (stripe + i) + 1]!) >>> 0;
      // 32 × 32 → 64 bits from 16-bit halves.
      const middle = (a >>> 16) * (b & 0xffff) + (((a & 0xffff) * (b & 0xffff)) >>> 16);
      const other = (a & 0xffff) * (b >>> 16) + (middle & 0xffff);
      add(i, Math.imul(a, b) >>> 0, (a >>> 16) * (b >>> 16) + Math.floor(middle / 65536) + Math.floor(other / 65536));
    }
  }
  return Array.from(low, (l, i) => join(l, high[i]!));
}

function canonicalWord(word: number, canonical: boolean): number {
  if (!canonical) return word;
  const magnitude = word & 0x7fff_ffff;
  if (magnitude === 0) return 0;
  return magnitude > 0x7f80_0000 ? 0x7fc0_0000 : word;
}

function finish(lanes: readonly bigint[], block: bigint): [bigint, bigint] {
  let first = mix((block + 0x9e3779b97f4a7c15n) & MASK);
  let second = mix((block + 0xc2b2ae3d27d4eb4fn) & MASK);
  for (let i = 0; i < 8; i++) {
    first = mix(first ^ lanes[i]!);
    second = mix((second + lanes[7 - i]! * 0x9fb21c651e98df25n) & MASK);
  }
  return [first, second];
}

/** The 64-bit finalizer of MurmurHash3. */
export function mix(value: bigint): bigint {
  let z = value;
  z = ((z ^ (z >> 33n)) * 0xff51afd7ed558ccdn) & MASK;
  z = ((z ^ (z >> 33n)) * 0xc4ceb9fe1a85ec53n) & MASK;
  return z ^ (z >> 33n);
}
