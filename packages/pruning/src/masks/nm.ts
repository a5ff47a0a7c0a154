import { sizeOf, type Work } from '@espalier/base';
import type { PrunableLayer } from '../layer.js';
import { type BitMask, maskFromBits } from '../mask.js';
import { valueWindows } from '../readLayer.js';

export interface NmMask {
  readonly mask: BitMask;
  /** Groups with more NaN than may stay: all of those stay, and the pattern does not hold there. */
  readonly broken: number;
}

const INFINITY_WORD = 0x7f80_0000;

/**
 * Of every M consecutive weights along an axis the N with the largest |w| stay, of equal ones the first. The axis must divide by M. Values wider than f32 are
 * compared as f32; NaN counts as the largest and never goes. (Mishra et al., "Accelerating Sparse Deep Neural Networks", 2021.) Reads the layer once, window by
 * window.
 */
export async function nmMask(
  layer: Pick<PrunableLayer, 'entry'>,
  axis: number,
  n: number,
  m: number,
  work: Work,
): Promise<NmMask> {
  const { shape, elements } = layer.entry;
  const stride = sizeOf(shape.slice(axis + 1));
  const bits = new Uint8Array(Math.ceil(elements / 8));
  let broken = 0;
  for await (const { begin, values } of valueWindows(layer, work, m * stride)) {
    const singles = values instanceof Float32Array ? values : Float32Array.from(values);
    const words = new Int32Array(singles.buffer, singles.byteOffset, singles.length);
    for (let i = 0; i < words.length; i++) words[i]! &= 0x7fff_ffff;
    const own = bits.subarray(begin / 8);
    broken += m === 4 ? groupsOfFour(words, stride, n, own) : groupsOf(words, stride, n, m, own);
  }
  return { mask: maskFromBits(elements, bits), broken };
}

/** Sets the bits of what stays of each group; answers in how many groups NaNs exceed N. Magnitudes are bits of f32 without the sign. */
function groupsOf(sizes: Int32Array, stride: number, n: number, m: number, bits: Uint8Array): number {
  let broken = 0;
  for (let start = 0; start < sizes.length; start += m * stride) {
    for (let first = start; first < start + stride; first++) {
      const end = first + m * stride;
      let nan = 0;
      for (let at = first; at < end; at += stride) if (sizes[at]! > INFINITY_WORD) nan++;
      if (nan > n) broken++;
      for (let at = first; at < end; at += stride) {
        const size = sizes[at]!;
        let larger = 0;
        for (let other = first; other < at; other += stride) if (sizes[other]! >= size) larger++;
        for (let other = at + stride; other < end; other += stride) if (sizes[other]! > size) larger++;
        if (larger < n || size > INFINITY_WORD) bits[at >>> 3]! |= 1 << (at & 7);
      }
    }
  }
  return broken;
}

/** The same for groups of four, by six comparisons and without a branch that guesses. */
function groupsOfFour(sizes: Int32Array, stride: number, n: number, bits: Uint8Array): number {
  let broken = 0;
  for (let start = 0; start < sizes.length; start += 4 * stride) {
    for (let a = start; a < start + stride; a++) {
      const b = a + stride;
      const c = b + stride;
      const d = c + stride;
      const w = sizes[a]!;
      const x = sizes[b]!;
      const y = sizes[c]!;
      const z = sizes[d]!;
      if (w > INFINITY_WORD || x > INFINITY_WORD || y > INFINITY_WORD || z > INFINITY_WORD) {
        broken += fourWithNan(sizes, a, stride, n, bits);
        continue;
      }
      // 1 where the first of two is smaller: the sign of a difference. Of equal ones the first wins.
      const wx = (w - x) >>> 31;
      const wy = (w - y) >>> 31;
      const wz = (w - z) >>> 31;
      const xy = (x - y) >>> 31;
      const xz = (x - z) >>> 31;
      const yz = (y - z) >>> 31;
      // Who loses against fewer than N stays.
      bits[a >>> 3]! |= ((wx + wy + wz - n) >>> 31) << (a & 7);
      bits[b >>> 3]! |= ((1 - wx + xy + xz - n) >>> 31) << (b & 7);
      bits[c >>> 3]! |= ((2 - wy - xy + yz - n) >>> 31) << (c & 7);
      bits[d >>> 3]! |= ((3 - wz - xz - yz - n) >>> 31) << (d & 7);
    }
  }
  return broken;
}

function fourWithNan(sizes: Int32Array, first: number, stride: number, n: number, bits: Uint8Array): number {
  const places = [0, 1, 2, 3].map((i) => first + i * stride);
  const ranked = places.toSorted((a, b) => sizes[b]! - sizes[a]! || a - b);
  const nan = places.filter((at) => sizes[at]! > INFINITY_WORD).length;
  for (const at of ranked.slice(0, Math.max(n, nan))) bits[at >>> 3]! |= 1 << (at & 7);
  return nan > n ? 1 : 0;
}
