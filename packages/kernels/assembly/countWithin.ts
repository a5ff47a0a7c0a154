/**
 * Looks at words without their sign, as |w| of singles orders: writes to `found`, one after the other, those from `low` to `high`, returns how many
 * there are, and counts at `out` those below `low`, those that are NaN, and those that are 0.
 */
export function countWithin32(x: usize, length: i32, low: i32, high: i32, found: usize, out: usize): i32 {
  const size = i32x4.splat(0x7fffffff), inf = i32x4.splat(0x7f800000);
  const l = i32x4.splat(low), h = i32x4.splat(high);
  const none = i32x4.splat(0);
  let below = none, nan = none, zeros = none;
  let at = found;
  let i = 0;
  for (; i + 16 <= length; i += 16, x += 64) {
    const a = v128.and(v128.load(x), size), b = v128.and(v128.load(x, 16), size);
    const c = v128.and(v128.load(x, 32), size), d = v128.and(v128.load(x, 48), size);
    const la = i32x4.lt_s(a, l), lb = i32x4.lt_s(b, l), lc = i32x4.lt_s(c, l), ld = i32x4.lt_s(d, l);
    below = i32x4.sub(below, i32x4.add(i32x4.add(la, lb), i32x4.add(lc, ld)));
    zeros = i32x4.sub(zeros, i32x4.add(i32x4.add(i32x4.eq(a, none), i32x4.eq(b, none)), i32x4.add(i32x4.eq(c, none), i32x4.eq(d, none))));
    const ga = i32x4.gt_s(a, h), gb = i32x4.gt_s(b, h), gc = i32x4.gt_s(c, h), gd = i32x4.gt_s(d, h);
    const outside = v128.and(v128.and(v128.or(la, ga), v128.or(lb, gb)), v128.and(v128.or(lc, gc), v128.or(ld, gd)));
    const most = i32x4.max_s(i32x4.max_s(a, b), i32x4.max_s(c, d));
    if (v128.any_true(i32x4.gt_s(most, inf))) {
      nan = i32x4.sub(nan, i32x4.add(i32x4.add(i32x4.gt_s(a, inf), i32x4.gt_s(b, inf)), i32x4.add(i32x4.gt_s(c, inf), i32x4.gt_s(d, inf))));
    }
    if (i32x4.all_true(outside)) continue;
    let inside = ~(i32x4.bitmask(v128.or(la, ga)) | (i32x4.bitmask(v128.or(lb, gb)) << 4)
      | (i32x4.bitmask(v128.or(lc, gc)) << 8) | (i32x4.bitmask(v128.or(ld, gd)) << 12)) & 0xffff;
    for (; inside != 0; inside &= inside - 1, at += 4) {
      store<u32>(at, load<u32>(x + (<usize>ctz(inside) << 2)) & 0x7fffffff);
    }
  }
  let lastBelow: u32 = i32x4.extract_lane(below, 0) + i32x4.extract_lane(below, 1) + i32x4.extract_lane(below, 2) + i32x4.extract_lane(below, 3);
  let lastNan: u32 = i32x4.extract_lane(nan, 0) + i32x4.extract_lane(nan, 1) + i32x4.extract_lane(nan, 2) + i32x4.extract_lane(nan, 3);
  let lastZeros: u32 = i32x4.extract_lane(zeros, 0) + i32x4.extract_lane(zeros, 1) + i32x4.extract_lane(zeros, 2) + i32x4.extract_lane(zeros, 3);
  for (; i < length; i++, x += 4) {
    const a = load<i32>(x) & 0x7fffffff;
    if (a < low) lastBelow++;
    else if (a <= high) {
      store<i32>(at, a);
      at += 4;
    }
    if (a > 0x7f800000) lastNan++;
    if (a == 0) lastZeros++;
  }
  store<u32>(out, lastBelow);
  store<u32>(out, lastNan, 4);
  store<u32>(out, lastZeros, 8);
  return <i32>((at - found) >> 2);
}
