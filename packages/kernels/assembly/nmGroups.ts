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
  if (slab <= FLAT_BITS) {
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

/** Every position of a line at once: a group begins there if the mask says so, its members lie `s` apart. */
function flat(bits: usize, begin: usize, total: usize, s: usize, period: usize, masks: usize, maskBytes: usize): void {
  let phase: usize = 0;
  let c2: u32 = 0, c4: u32 = 0, c14: u32 = 0, c8: u32 = 0;
  for (let p: usize = 0; p < total; p += 32) {
    const at = begin + p;
    const valid = lowest(total - p);
    const a = bits32(bits, at), b = bits32(bits, at + s), c = bits32(bits, at + 2 * s), d = bits32(bits, at + 3 * s);
    const e = bits32(bits, at + 4 * s), f = bits32(bits, at + 5 * s), g = bits32(bits, at + 6 * s), h = bits32(bits, at + 7 * s);
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
