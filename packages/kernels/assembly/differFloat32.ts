const BLOCK: i32 = 512;

/**
 * Differences of two windows, in double precision. Fields at `out`, all f64: changed, new zeros, newly kept, zero in both, largest |Δ|, Σ Δ², Σ a²,
 * Σ b², smallest and largest finite Δ of changed values. NaN equals NaN. The fields are added to, so they must be set before.
 */
export function differFloat32(a: usize, b: usize, length: i32, out: usize): void {
  let changed: u32 = 0, newZeros: u32 = 0, newKept: u32 = 0, bothZero: u32 = 0;
  let squaredDelta: f64 = 0, squaredA: f64 = 0, squaredB: f64 = 0;
  let largest = load<f64>(out, 32);
  let low = load<f64>(out, 64), high = load<f64>(out, 72);
  const zero = f32x4.splat(0);
  for (let done = 0; done < length; done += BLOCK) {
    const count = min(BLOCK, length - done);
    const vectors = count & ~3;
    const beginA = a, beginB = b;
    const end = a + (<usize>vectors << 2);
    let sd = f64x2.splat(0), sa = f64x2.splat(0), sb = f64x2.splat(0);
    let lows = f64x2.splat(low), highs = f64x2.splat(high), sizes = f64x2.splat(0);
    let c = i32x4.splat(0), nz = c, nk = c, bz = c;
    for (; a < end; a += 16, b += 16) {
      const x = v128.load(a), y = v128.load(b);
      const x0 = f64x2.promote_low_f32x4(x), x1 = f64x2.promote_low_f32x4(upper(x));
      const y0 = f64x2.promote_low_f32x4(y), y1 = f64x2.promote_low_f32x4(upper(y));
      sa = f64x2.add(sa, f64x2.add(f64x2.mul(x0, x0), f64x2.mul(x1, x1)));
      sb = f64x2.add(sb, f64x2.add(f64x2.mul(y0, y0), f64x2.mul(y1, y1)));
      const xz = f32x4.eq(x, zero), yz = f32x4.eq(y, zero);
      bz = i32x4.sub(bz, v128.and(xz, yz));
      const differs = f32x4.ne(x, y);
      if (!v128.any_true(differs)) continue;
      c = i32x4.sub(c, differs);
      nz = i32x4.sub(nz, v128.andnot(yz, xz));
      nk = i32x4.sub(nk, v128.andnot(xz, yz));
      const d0 = f64x2.sub(y0, x0), d1 = f64x2.sub(y1, x1);
      sd = f64x2.add(sd, f64x2.add(f64x2.mul(d0, d0), f64x2.mul(d1, d1)));
      sizes = f64x2.pmax(f64x2.pmax(sizes, f64x2.abs(d0)), f64x2.abs(d1));
      lows = f64x2.pmin(f64x2.pmin(lows, changedOnly(d0, Infinity)), changedOnly(d1, Infinity));
      highs = f64x2.pmax(f64x2.pmax(highs, changedOnly(d0, -Infinity)), changedOnly(d1, -Infinity));
    }
    const blockA = f64x2.extract_lane(sa, 0) + f64x2.extract_lane(sa, 1);
    const blockB = f64x2.extract_lane(sb, 0) + f64x2.extract_lane(sb, 1);
    // Squares of f32 values do not overflow in f64: an infinite or undefined sum means a value that is not finite.
    let scalarFrom = end;
    if (blockA < Infinity && blockB < Infinity) {
      changed += total(c);
      newZeros += total(nz);
      newKept += total(nk);
      bothZero += total(bz);
      squaredA += blockA;
      squaredB += blockB;
      squaredDelta += f64x2.extract_lane(sd, 0) + f64x2.extract_lane(sd, 1);
      // pmax keeps what it has where the other is NaN; a largest that is already NaN stays.
      const size = max(f64x2.extract_lane(sizes, 0), f64x2.extract_lane(sizes, 1));
      if (size > largest) largest = size;
      low = min(f64x2.extract_lane(lows, 0), f64x2.extract_lane(lows, 1));
      high = max(f64x2.extract_lane(highs, 0), f64x2.extract_lane(highs, 1));
    } else {
      scalarFrom = beginA;
      b = beginB;
    }
    a = scalarFrom;
    const last = beginA + (<usize>count << 2);
    for (; a < last; a += 4, b += 4) {
      const x = <f64>load<f32>(a), y = <f64>load<f32>(b);
      if (abs(x) < Infinity) squaredA += x * x;
      if (abs(y) < Infinity) squaredB += y * y;
      if (x == y) {
        if (x == 0) bothZero++;
        continue;
      }
      if (x != x && y != y) continue;
      changed++;
      if (y == 0) newZeros++;
      else if (x == 0) newKept++;
      const d = y - x;
      const size = abs(d);
      if (size > largest || size != size) largest = size;
      squaredDelta += d * d;
      if (size < Infinity) {
        low = min(low, d);
        high = max(high, d);
      }
    }
  }
  add(out, 0, <f64>changed);
  add(out, 8, <f64>newZeros);
  add(out, 16, <f64>newKept);
  add(out, 24, <f64>bothZero);
  store<f64>(out, largest, 32);
  add(out, 40, squaredDelta);
  add(out, 48, squaredA);
  add(out, 56, squaredB);
  store<f64>(out, low, 64);
  store<f64>(out, high, 72);
}

// @ts-ignore: decorator
@inline
function upper(v: v128): v128 {
  return i32x4.shuffle(v, v, 2, 3, 2, 3);
}

/** Differences that are 0 give way to `otherwise`. */
// @ts-ignore: decorator
@inline
function changedOnly(d: v128, otherwise: f64): v128 {
  return v128.bitselect(d, f64x2.splat(otherwise), f64x2.ne(d, f64x2.splat(0)));
}

// @ts-ignore: decorator
@inline
function total(v: v128): u32 {
  return <u32>(i32x4.extract_lane(v, 0) + i32x4.extract_lane(v, 1) + i32x4.extract_lane(v, 2) + i32x4.extract_lane(v, 3));
}

// @ts-ignore: decorator
@inline
function add(out: usize, offset: usize, value: f64): void {
  store<f64>(out + offset, load<f64>(out + offset) + value);
}
