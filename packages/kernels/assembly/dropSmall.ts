/**
 * Makes words +0 whose bits without the sign are below `threshold`, and of those equal to it the first `ties`. Returns how many of the ties
 * were used up. As numbers without a sign NaNs are above everything.
 */
export function dropSmall32(x: usize, length: i32, threshold: i32, ties: i32): i32 {
  const size = i32x4.splat(0x7fffffff), t = i32x4.splat(threshold);
  let left = ties;
  let i = 0;
  for (; i + 4 <= length && left > 0; i += 4, x += 16) {
    const v = v128.load(x);
    const a = v128.and(v, size);
    if (v128.any_true(i32x4.eq(a, t))) left = few32(x, 4, threshold, left);
    else v128.store(x, v128.andnot(v, i32x4.lt_s(a, t)));
  }
  for (; i + 16 <= length; i += 16, x += 64) {
    const a = v128.load(x), b = v128.load(x, 16), c = v128.load(x, 32), d = v128.load(x, 48);
    v128.store(x, v128.andnot(a, i32x4.lt_s(v128.and(a, size), t)));
    v128.store(x, v128.andnot(b, i32x4.lt_s(v128.and(b, size), t)), 16);
    v128.store(x, v128.andnot(c, i32x4.lt_s(v128.and(c, size), t)), 32);
    v128.store(x, v128.andnot(d, i32x4.lt_s(v128.and(d, size), t)), 48);
  }
  return ties - few32(x, length - i, threshold, left);
}

/** One word after the other; returns how many ties are left. */
function few32(x: usize, length: i32, threshold: i32, ties: i32): i32 {
  for (let i = 0; i < length; i++, x += 4) {
    const a = load<i32>(x) & 0x7fffffff;
    if (a > threshold) continue;
    if (a == threshold) {
      if (ties == 0) continue;
      ties--;
    }
    store<i32>(x, 0);
  }
  return ties;
}

/** The same for words of 16 bits. */
export function dropSmall16(x: usize, length: i32, threshold: i32, ties: i32): i32 {
  const size = i16x8.splat(0x7fff), t = i16x8.splat(<i16>threshold);
  let left = ties;
  let i = 0;
  for (; i + 8 <= length && left > 0; i += 8, x += 16) {
    const v = v128.load(x);
    const a = v128.and(v, size);
    if (v128.any_true(i16x8.eq(a, t))) left = few16(x, 8, threshold, left);
    else v128.store(x, v128.andnot(v, i16x8.lt_s(a, t)));
  }
  for (; i + 32 <= length; i += 32, x += 64) {
    const a = v128.load(x), b = v128.load(x, 16), c = v128.load(x, 32), d = v128.load(x, 48);
    v128.store(x, v128.andnot(a, i16x8.lt_s(v128.and(a, size), t)));
    v128.store(x, v128.andnot(b, i16x8.lt_s(v128.and(b, size), t)), 16);
    v128.store(x, v128.andnot(c, i16x8.lt_s(v128.and(c, size), t)), 32);
    v128.store(x, v128.andnot(d, i16x8.lt_s(v128.and(d, size), t)), 48);
  }
  return ties - few16(x, length - i, threshold, left);
}

function few16(x: usize, length: i32, threshold: i32, ties: i32): i32 {
  for (let i = 0; i < length; i++, x += 2) {
    const a = <i32>load<u16>(x) & 0x7fff;
    if (a > threshold) continue;
    if (a == threshold) {
      if (ties == 0) continue;
      ties--;
    }
    store<u16>(x, 0);
  }
  return ties;
}
