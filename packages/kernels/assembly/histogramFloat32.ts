/** How far the f32 position may be from the exact one, in bins: three roundings of values below 256 make less than 2⁻¹⁴. */
const DOUBT: f32 = 0.0002;

/**
 * 256 equal bins over [low, high] of the finite values, ±0 left out, into four tables of 257 counters at `tables` (the last counter takes
 * what is left out). `low`, `high` and the range are f32 values whose quotients stay finite; the caller sees to that. A position is computed in f32,
 * and again in f64 where it is closer to a border than f32 can tell.
 */
export function histogramFloat32(x: usize, length: i32, low: f64, high: f64, tables: usize): void {
  const range = high - low;
  const l = f32x4.splat(<f32>low);
  const s = f32x4.splat(<f32>(256.0 / range));
  const zero = f32x4.splat(0);
  const last = i32x4.splat(255);
  const outside = i32x4.splat(256);
  const doubt = f32x4.splat(DOUBT);
  const infinite = i32x4.splat(0x7f800000);
  const magnitude = i32x4.splat(0x7fffffff);
  const end = x + (<usize>(length & ~3) << 2);
  while (x < end) {
    const v = v128.load(x);
    const position = f32x4.mul(f32x4.sub(v, l), s);
    const bin = i32x4.min_s(i32x4.trunc_sat_f32x4_s(position), last);
    const counted = v128.andnot(i32x4.lt_s(v128.and(v, magnitude), infinite), f32x4.eq(v, zero));
    const index = v128.bitselect(bin, outside, counted);
    const near = v128.and(f32x4.lt(f32x4.abs(f32x4.sub(position, f32x4.nearest(position))), doubt), counted);
    if (v128.any_true(near)) {
      exact(load<f32>(x), low, range, tables);
      exact(load<f32>(x, 4), low, range, tables);
      exact(load<f32>(x, 8), low, range, tables);
      exact(load<f32>(x, 12), low, range, tables);
    } else {
      bump(tables + (<usize>i32x4.extract_lane(index, 0) << 2));
      bump(tables + 1028 + (<usize>i32x4.extract_lane(index, 1) << 2));
      bump(tables + 2056 + (<usize>i32x4.extract_lane(index, 2) << 2));
      bump(tables + 3084 + (<usize>i32x4.extract_lane(index, 3) << 2));
    }
    x += 16;
  }
  for (let i = length & ~3; i < length; i++, x += 4) exact(load<f32>(x), low, range, tables);
}

// @ts-ignore: decorator
@inline
function exact(value: f32, low: f64, range: f64, tables: usize): void {
  const u = reinterpret<u32>(value) & 0x7fffffff;
  if (u == 0 || u >= 0x7f800000) bump(tables + 1024);
  else bump(tables + (<usize>min(255, <i32>(((<f64>value - low) / range) * 256.0)) << 2));
}

// @ts-ignore: decorator
@inline
function bump(at: usize): void {
  store<u32>(at, load<u32>(at) + 1);
}
