/**
 * IEEE half to single. Shifted into place, the exponent is too small by 112, which a product with 2¹¹² puts right, for subnormals as well;
 * an exponent of all ones becomes all ones again.
 */
export function decodeFloat16(x: usize, length: i32, out: usize): void {
  const whole = length & ~7;
  for (let i = 0; i < whole; i += 8, x += 16, out += 32) {
    const h = v128.load(x);
    v128.store(out, halfToSingle(i32x4.extend_low_i16x8_u(h)));
    v128.store(out, halfToSingle(i32x4.extend_high_i16x8_u(h)), 16);
  }
  for (let i = whole; i < length; i++, x += 2, out += 4) {
    store<f32>(out, f32x4.extract_lane(halfToSingle(i32x4.splat(<i32>load<u16>(x))), 0));
  }
}

// @ts-ignore: decorator
@inline
function halfToSingle(h: v128): v128 {
  const sign = i32x4.shl(v128.and(h, i32x4.splat(0x8000)), 16);
  const shifted = i32x4.shl(v128.and(h, i32x4.splat(0x7fff)), 13);
  const scaled = f32x4.mul(shifted, i32x4.splat(0x77800000));
  const special = i32x4.gt_s(shifted, i32x4.splat(0x0f7fffff));
  return v128.or(v128.or(scaled, v128.and(special, i32x4.splat(0x7f800000))), sign);
}

/** bfloat16 is the upper half of a single. */
export function decodeBfloat16(x: usize, length: i32, out: usize): void {
  const zero = i16x8.splat(0);
  const whole = length & ~7;
  for (let i = 0; i < whole; i += 8, x += 16, out += 32) {
    const h = v128.load(x);
    v128.store(out, i16x8.shuffle(zero, h, 0, 8, 1, 9, 2, 10, 3, 11));
    v128.store(out, i16x8.shuffle(zero, h, 4, 12, 5, 13, 6, 14, 7, 15), 16);
  }
  for (let i = whole; i < length; i++, x += 2, out += 4) store<u32>(out, <u32>load<u16>(x) << 16);
}

/** Looks every 16-bit pattern up in a table of f32. */
export function mapPatterns16(x: usize, length: i32, table: usize, out: usize): void {
  for (let i = 0; i < length; i++, x += 2, out += 4) store<u32>(out, load<u32>(table + (<usize>load<u16>(x) << 2)));
}

/** Looks every byte up in a table of f32. */
export function mapPatterns8(x: usize, length: i32, table: usize, out: usize): void {
  for (let i = 0; i < length; i++, x++, out += 4) store<u32>(out, load<u32>(table + (<usize>load<u8>(x) << 2)));
}
