/**
 * Adds a line of values to the tiles it crosses: `step` values a tile, the last one perhaps fewer. At each tile, f64: sum of |w| (or of w) of
 * the finite values, zeros, finite values that are not zero, NaN and Inf.
 */
export function reduceTiles(x: usize, length: i32, step: i32, signed: i32, sums: usize, zeros: usize, kept: usize, nonFinite: usize): void {
  const magnitude = i32x4.splat(signed ? -1 : 0x7fffffff);
  const none = f32x4.splat(0);
  for (let done = 0; done < length; done += step) {
    const count = min(step, length - done);
    const begin = x;
    const end = x + (<usize>(count & ~3) << 2);
    const last = x + (<usize>count << 2);
    let s = none;
    let z = i32x4.splat(0);
    let total: f64 = 0;
    while (x < end) {
      // A few hundred values at a time are added in f32.
      const stop = min(end, x + 4096);
      s = none;
      for (; x < stop; x += 16) {
        const v = v128.load(x);
        z = i32x4.sub(z, f32x4.eq(v, none));
        s = f32x4.add(s, v128.and(v, magnitude));
      }
      total += <f64>f32x4.extract_lane(s, 0) + <f64>f32x4.extract_lane(s, 1) + <f64>f32x4.extract_lane(s, 2) + <f64>f32x4.extract_lane(s, 3);
    }
    let tileZeros = i32x4.extract_lane(z, 0) + i32x4.extract_lane(z, 1) + i32x4.extract_lane(z, 2) + i32x4.extract_lane(z, 3);
    let tileNonFinite = 0;
    if (!(abs(total) < Infinity)) {
      total = 0;
      tileZeros = 0;
      x = begin;
    }
    for (; x < last; x += 4) {
      const value = load<f32>(x);
      if (value == 0) tileZeros++;
      else if (abs(value) < Infinity) total += <f64>(signed ? value : abs(value));
      else tileNonFinite++;
    }
    store<f64>(sums, load<f64>(sums) + total);
    store<f64>(zeros, load<f64>(zeros) + <f64>tileZeros);
    store<f64>(kept, load<f64>(kept) + <f64>(count - tileZeros - tileNonFinite));
    if (tileNonFinite) store<f64>(nonFinite, load<f64>(nonFinite) + <f64>tileNonFinite);
    sums += 8;
    zeros += 8;
    kept += 8;
    nonFinite += 8;
  }
}
