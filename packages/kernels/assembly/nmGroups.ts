import { bits32, fourOfEight, lowest, threeOfFour, twoOfFour } from './bits';

/** Slabs up to this many bits are looked at as one flat line with periodic masks. */
const FLAT_BITS: usize = 32768;

// Counts of the present call.
let one2: f64 = 0;
let two4: f64 = 0;
let one4: f64 = 0;
let four8: f64 = 0;

/**
 * Counts groups with enough zeros along an axis. `masks` is scratch for three masks of `maskBytes` each. `out` receives four f64: 1:2, 2:4, 1:4, 4:8.
 * Up to 8 bytes and 7 × `inner` bits after the last element must be readable.
 */
export function nmGroups(bits: usize, outer: f64, length: f64, inner: f64, masks: usize, maskBytes: usize, out: usize): void {
  one2 = 0;
  two4 = 0;
  one4 = 0;
  four8 = 0;
  const n = <usize>length;
  const s = <usize>inner;
  const slab = n * s;
  const slabs = <usize>outer;
  if (s == 1 && (n & 7) == 0) {
    bytes(bits, slabs * slab);
  } else if (slab <= FLAT_BITS) {
    const repeats: usize = slab >= 64 ? 1 : (63 + slab) / slab;
    startMasks(masks, maskBytes, n, s, repeats);
    flat(bits, 0, slabs * slab, s, slab * repeats, masks, maskBytes);
  } else if (s < 32) {
    const whole = n & ~7;
    const repeats: usize = (63 + 8 * s) / (8 * s);
    startMasks(masks, maskBytes, 8, s, repeats);
    for (let o: usize = 0; o < slabs; o++) {
      flat(bits, o * slab, whole * s, s, 8 * s * repeats, masks, maskBytes);
      runs(bits, o * slab + whole * s, n - whole, s);
    }
  } else {
    for (let o: usize = 0; o < slabs; o++) runs(bits, o * slab, n, s);
  }
  store<f64>(out, one2);
  store<f64>(out, two4, 8);
  store<f64>(out, one4, 16);
  store<f64>(out, four8, 24);
}

/** Sets, in the masks for 2, 4 and 8, the bits where a complete group begins: `repeats` slabs and the first 64 bits of one more. */
function startMasks(masks: usize, maskBytes: usize, n: usize, s: usize, repeats: usize): void {
  memory.fill(masks, 0, 3 * maskBytes);
  const slab = n * s;
  const total = repeats * slab + 64;
  for (let m: usize = 2, mask = masks; m <= 8; m <<= 1, mask += maskBytes) {
    for (let base: usize = 0; base < total; base += slab) {
      for (let k: usize = 0; k + m <= n; k += m) {
        for (let i: usize = 0; i < s; i++) {
          const at = base + k * s + i;
          if (at < total) store<u8>(mask + (at >> 3), load<u8>(mask + (at >> 3)) | (1 << <u8>(at & 7)));
        }
      }
    }
  }
}

/** Groups that lie whole in bytes: counted by the bits set in bytes and halves of bytes. */
function bytes(bits: usize, total: usize): void {
  const end = bits + (total >> 7 << 4);
  const half = i8x16.splat(0x0f), pairs = i8x16.splat(0x55);
  const two = i8x16.splat(2), three = i8x16.splat(3), four = i8x16.splat(4);
  while (bits < end) {
    // Byte counters take 31 rounds of up to 8.
    const stop = min(end, bits + 16 * 31);
    let c2 = i8x16.splat(0), c4 = c2, c14 = c2, c8 = c2;
    for (; bits < stop; bits += 16) {
      const v = v128.load(bits);
      const low = i8x16.popcnt(v128.and(v, half)), high = i8x16.popcnt(v128.andnot(v, half));
      c2 = i8x16.add(c2, i8x16.popcnt(v128.and(v128.or(v, i8x16.shr_u(v, 1)), pairs)));
      c4 = i8x16.sub(i8x16.sub(c4, i8x16.ge_u(low, two)), i8x16.ge_u(high, two));
      c14 = i8x16.sub(i8x16.sub(c14, i8x16.ge_u(low, three)), i8x16.ge_u(high, three));
      c8 = i8x16.sub(c8, i8x16.ge_u(i8x16.add(low, high), four));
    }
    one2 += total8(c2);
    two4 += total8(c4);
    one4 += total8(c14);
    four8 += total8(c8);
  }
  for (let left = total & 127; left != 0; bits++, left -= 8) {
    const v = <u32>load<u8>(bits);
    const low = popcnt(v & 15), high = popcnt(v >> 4);
    one2 += <f64>popcnt((v | (v >> 1)) & 0x55);
    two4 += <f64>(<i32>(low >= 2) + <i32>(high >= 2));
    one4 += <f64>(<i32>(low >= 3) + <i32>(high >= 3));
    four8 += low + high >= 4 ? 1 : 0;
  }
}

/** Sum of 16 counters of a byte each. */
// @ts-ignore: decorator
@inline
function total8(v: v128): f64 {
  const sums = i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(v));
  return <f64>(i32x4.extract_lane(sums, 0) + i32x4.extract_lane(sums, 1) + i32x4.extract_lane(sums, 2) + i32x4.extract_lane(sums, 3));
}

/** Every position of a line at once: a group begins there if the mask says so, its members lie `s` apart. */
function flat(bits: usize, begin: usize, total: usize, s: usize, period: usize, masks: usize, maskBytes: usize): void {
  let phase: usize = 0;
  let c2: u32 = 0, c4: u32 = 0, c14: u32 = 0, c8: u32 = 0;
  for (let p: usize = 0; p < total; p += 32) {
    const at = begin + p;
    const valid = lowest(total - p);
    let a: u32, b: u32, c: u32, d: u32, e: u32, f: u32, g: u32, h: u32;
    if (s <= 3) {
      // All eight members lie within one load of 64 bits.
      const w = load<u64>(bits + (at >> 3)) >> <u64>(at & 7);
      const step = <u64>s;
      a = <u32>w;
      b = <u32>(w >> step);
      c = <u32>(w >> (2 * step));
      d = <u32>(w >> (3 * step));
      e = <u32>(w >> (4 * step));
      f = <u32>(w >> (5 * step));
      g = <u32>(w >> (6 * step));
      h = <u32>(w >> (7 * step));
    } else {
      a = bits32(bits, at);
      b = bits32(bits, at + s);
      c = bits32(bits, at + 2 * s);
      d = bits32(bits, at + 3 * s);
      e = bits32(bits, at + 4 * s);
      f = bits32(bits, at + 5 * s);
      g = bits32(bits, at + 6 * s);
      h = bits32(bits, at + 7 * s);
    }
    const m4 = bits32(masks + maskBytes, phase) & valid;
    c2 += popcnt((a | b) & bits32(masks, phase) & valid);
    c4 += popcnt(twoOfFour(a, b, c, d) & m4);
    c14 += popcnt(threeOfFour(a, b, c, d) & m4);
    c8 += popcnt(fourOfEight(a, b, c, d, e, f, g, h) & bits32(masks + 2 * maskBytes, phase) & valid);
    phase += 32;
    if (phase >= period) phase -= period;
    if (p & 0x7ffffe0) continue;
    one2 += <f64>c2; two4 += <f64>c4; one4 += <f64>c14; four8 += <f64>c8;
    c2 = 0; c4 = 0; c14 = 0; c8 = 0;
  }
  one2 += <f64>c2; two4 += <f64>c4; one4 += <f64>c14; four8 += <f64>c8;
}

/** Group after group of a slab whose runs are long, or few. */
function runs(bits: usize, begin: usize, n: usize, s: usize): void {
  for (let k: usize = 0; k + 2 <= n; k += 8) {
    const left = n - k;
    const first = begin + k * s;
    let c2: u32 = 0, c4: u32 = 0, c14: u32 = 0, c8: u32 = 0;
    for (let i: usize = 0; i < s; i += 32) {
      const valid = lowest(s - i);
      const at = first + i;
      const a = bits32(bits, at), b = bits32(bits, at + s);
      c2 += popcnt((a | b) & valid);
      if (left < 4) continue;
      const c = bits32(bits, at + 2 * s), d = bits32(bits, at + 3 * s);
      c2 += popcnt((c | d) & valid);
      c4 += popcnt(twoOfFour(a, b, c, d) & valid);
      c14 += popcnt(threeOfFour(a, b, c, d) & valid);
      if (left < 6) continue;
      const e = bits32(bits, at + 4 * s), f = bits32(bits, at + 5 * s);
      c2 += popcnt((e | f) & valid);
      if (left < 8) continue;
      const g = bits32(bits, at + 6 * s), h = bits32(bits, at + 7 * s);
      c2 += popcnt((g | h) & valid);
      c4 += popcnt(twoOfFour(e, f, g, h) & valid);
      c14 += popcnt(threeOfFour(e, f, g, h) & valid);
      c8 += popcnt(fourOfEight(a, b, c, d, e, f, g, h) & valid);
    }
    one2 += <f64>c2; two4 += <f64>c4; one4 += <f64>c14; four8 += <f64>c8;
  }
}
