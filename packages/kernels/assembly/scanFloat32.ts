/** Elements whose sums are checked at once. */
const BLOCK: i32 = 1024;
const MAGNITUDE: u32 = 0x7fffffff;
const INFINITE: u32 = 0x7f800000;
/** Below this a sum of squares may have lost squares that are too small for f32. */
const TINY: f64 = 1e-26;

/**
 * Fields at `out`: f64 sum, f64 sum of squares, f32 min, f32 max, u32 zeros, u32 nan, u32 inf. Sums of up to 1024 values are made in
 * f32 (by eights, then four lanes) before they are added in f64, unless `precise`.
 */
export function scanFloat32(x: usize, length: i32, bits: usize, out: usize, precise: i32): void {
  let sum: f64 = 0;
  let squares: f64 = 0;
  let low = f32x4.splat(Infinity);
  let high = f32x4.splat(-Infinity);
  let zeros: u32 = 0;
  store<u32>(out, 0, 28);
  store<u32>(out, 0, 32);
  const none = f32x4.splat(0);
  for (let done = 0; done < length; done += BLOCK) {
    const count = min(BLOCK, length - done);
    const begin = x;
    const end = x + (<usize>(count & ~31) << 2);
    const lowBefore = low;
    const highBefore = high;
    let s = f64x2.splat(0);
    let q = f64x2.splat(0);
    let blockZeros: u32 = 0;
    if (precise) {
      for (; x < end; x += 64, bits += 2) {
        const v0 = v128.load(x), v1 = v128.load(x, 16), v2 = v128.load(x, 32), v3 = v128.load(x, 48);
        low = f32x4.pmin(f32x4.pmin(f32x4.pmin(f32x4.pmin(low, v0), v1), v2), v3);
        high = f32x4.pmax(f32x4.pmax(f32x4.pmax(f32x4.pmax(high, v0), v1), v2), v3);
        const mask = zeroMask(v0, v1, v2, v3, none);
        store<u16>(bits, <u16>mask);
        blockZeros += popcnt(mask);
        s = f64x2.add(s, f64x2.add(f64x2.add(doubled(v0), doubled(v1)), f64x2.add(doubled(v2), doubled(v3))));
        q = f64x2.add(q, f64x2.add(f64x2.add(squared(v0), squared(v1)), f64x2.add(squared(v2), squared(v3))));
      }
    }
    let singles = none, singleSquares = none;
    while (x < end) {
      let v0 = v128.load(x), v1 = v128.load(x, 16), v2 = v128.load(x, 32), v3 = v128.load(x, 48);
      low = f32x4.pmin(f32x4.pmin(low, v0), v1);
      high = f32x4.pmax(f32x4.pmax(high, v0), v1);
      low = f32x4.pmin(f32x4.pmin(low, v2), v3);
      high = f32x4.pmax(f32x4.pmax(high, v2), v3);
      let mask = zeroMask(v0, v1, v2, v3, none);
      store<u16>(bits, <u16>mask);
      blockZeros += popcnt(mask);
      let a = f32x4.add(f32x4.add(v0, v1), f32x4.add(v2, v3));
      let b = f32x4.add(f32x4.add(f32x4.mul(v0, v0), f32x4.mul(v1, v1)), f32x4.add(f32x4.mul(v2, v2), f32x4.mul(v3, v3)));
      v0 = v128.load(x, 64);
      v1 = v128.load(x, 80);
      v2 = v128.load(x, 96);
      v3 = v128.load(x, 112);
      low = f32x4.pmin(f32x4.pmin(low, v0), v1);
      high = f32x4.pmax(f32x4.pmax(high, v0), v1);
      low = f32x4.pmin(f32x4.pmin(low, v2), v3);
      high = f32x4.pmax(f32x4.pmax(high, v2), v3);
      mask = zeroMask(v0, v1, v2, v3, none);
      store<u16>(bits, <u16>mask, 2);
      blockZeros += popcnt(mask);
      a = f32x4.add(a, f32x4.add(f32x4.add(v0, v1), f32x4.add(v2, v3)));
      b = f32x4.add(b, f32x4.add(f32x4.add(f32x4.mul(v0, v0), f32x4.mul(v1, v1)), f32x4.add(f32x4.mul(v2, v2), f32x4.mul(v3, v3))));
      singles = f32x4.add(singles, a);
      singleSquares = f32x4.add(singleSquares, b);
      bits += 4;
      x += 128;
    }
    s = f64x2.add(s, doubled(singles));
    q = f64x2.add(q, doubled(singleSquares));
    let blockSum = f64x2.extract_lane(s, 0) + f64x2.extract_lane(s, 1);
    let blockSquares = f64x2.extract_lane(q, 0) + f64x2.extract_lane(q, 1);
    const inside = blockSquares < Infinity && (blockSquares > TINY || blockZeros == <u32>(count & ~31));
    if (!inside) {
      // NaN, Inf, or squares that do not fit f32: once more, one by one, in double precision.
      low = lowBefore;
      high = highBefore;
      blockSum = 0;
      blockSquares = 0;
      for (let p = begin; p < end; p += 4) {
        const u = load<u32>(p) & MAGNITUDE;
        if (u >= INFINITE) countNonFinite(u, out);
        else {
          const value = load<f32>(p);
          low = f32x4.pmin(low, f32x4.splat(value));
          high = f32x4.pmax(high, f32x4.splat(value));
          blockSum += <f64>value;
          blockSquares += <f64>value * <f64>value;
        }
      }
    }
    zeros += blockZeros;
    sum += blockSum;
    squares += blockSquares;
    // The last elements of a last block that is not a multiple of 32.
    if (count & 31) {
      const rest = count & 31;
      let mask: u32 = 0;
      for (let i = 0; i < rest; i++, x += 4) {
        const u = load<u32>(x) & MAGNITUDE;
        if (u == 0) mask |= 1 << i;
        if (u >= INFINITE) countNonFinite(u, out);
        else {
          const value = load<f32>(x);
          low = f32x4.pmin(low, f32x4.splat(value));
          high = f32x4.pmax(high, f32x4.splat(value));
          sum += <f64>value;
          squares += <f64>value * <f64>value;
        }
      }
      zeros += popcnt(mask);
      for (let i = 0; i < rest; i += 8, mask >>= 8) store<u8>(bits++, <u8>mask);
    }
  }
  store<f64>(out, sum);
  store<f64>(out, squares, 8);
  store<f32>(out, min(min(f32x4.extract_lane(low, 0), f32x4.extract_lane(low, 1)), min(f32x4.extract_lane(low, 2), f32x4.extract_lane(low, 3))), 16);
  store<f32>(out, max(max(f32x4.extract_lane(high, 0), f32x4.extract_lane(high, 1)), max(f32x4.extract_lane(high, 2), f32x4.extract_lane(high, 3))), 20);
  store<u32>(out, zeros, 24);
}

/** One bit for each of 16 values: set where it is ±0. */
// @ts-ignore: decorator
@inline
function zeroMask(v0: v128, v1: v128, v2: v128, v3: v128, none: v128): i32 {
  const a = i16x8.narrow_i32x4_s(f32x4.eq(v0, none), f32x4.eq(v1, none));
  const b = i16x8.narrow_i32x4_s(f32x4.eq(v2, none), f32x4.eq(v3, none));
  return i8x16.bitmask(i8x16.narrow_i16x8_s(a, b));
}

/** Sums of lanes 0 and 2, 1 and 3, in double precision. */
// @ts-ignore: decorator
@inline
function doubled(v: v128): v128 {
  return f64x2.add(f64x2.promote_low_f32x4(v), f64x2.promote_low_f32x4(upper(v)));
}

// @ts-ignore: decorator
@inline
function squared(v: v128): v128 {
  const a = f64x2.promote_low_f32x4(v), b = f64x2.promote_low_f32x4(upper(v));
  return f64x2.add(f64x2.mul(a, a), f64x2.mul(b, b));
}

/** The upper two lanes, moved down. */
// @ts-ignore: decorator
@inline
function upper(v: v128): v128 {
  return i32x4.shuffle(v, v, 2, 3, 2, 3);
}

// @ts-ignore: decorator
@inline
function countNonFinite(magnitude: u32, out: usize): void {
  const at = out + (magnitude > INFINITE ? 28 : 32);
  store<u32>(at, load<u32>(at) + 1);
}
