const BLOCK: i32 = 1024;

/** Σ (x − from)² over the finite values, in double precision. */
export function deviations(x: usize, length: i32, from: f64): f64 {
  const mean = f64x2.splat(from);
  let sum: f64 = 0;
  for (let done = 0; done < length; done += BLOCK) {
    const count = min(BLOCK, length - done);
    const begin = x;
    const end = x + (<usize>(count & ~3) << 2);
    const last = x + (<usize>count << 2);
    let s = f64x2.splat(0), t = f64x2.splat(0);
    for (; x < end; x += 16) {
      const v = v128.load(x);
      const a = f64x2.sub(f64x2.promote_low_f32x4(v), mean);
      const b = f64x2.sub(f64x2.promote_low_f32x4(i32x4.shuffle(v, v, 2, 3, 2, 3)), mean);
      s = f64x2.add(s, f64x2.mul(a, a));
      t = f64x2.add(t, f64x2.mul(b, b));
    }
    s = f64x2.add(s, t);
    const block = f64x2.extract_lane(s, 0) + f64x2.extract_lane(s, 1);
    if (block < Infinity) sum += block;
    else x = begin;
    for (; x < last; x += 4) {
      const d = <f64>load<f32>(x) - from;
      if (abs(d) < Infinity) sum += d * d;
    }
  }
  return sum;
}
