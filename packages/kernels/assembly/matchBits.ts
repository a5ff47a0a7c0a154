/** One bit for each 16-bit element with `(element & mask) == value`; returns how many. */
export function matchBits16(x: usize, length: i32, mask: i32, value: i32, bits: usize): i32 {
  const m = i16x8.splat(<i16>mask);
  const v = i16x8.splat(<i16>value);
  let count = 0;
  const whole = length & ~15;
  for (let i = 0; i < whole; i += 16, x += 32, bits += 2) {
    const a = i16x8.eq(v128.and(v128.load(x), m), v);
    const b = i16x8.eq(v128.and(v128.load(x, 16), m), v);
    const found = i8x16.bitmask(i8x16.narrow_i16x8_s(a, b));
    store<u16>(bits, <u16>found);
    count += popcnt(found);
  }
  let last: u32 = 0;
  const rest = length - whole;
  for (let i = 0; i < rest; i++, x += 2) if ((<i32>load<u16>(x) & mask) == value) last |= 1 << i;
  for (let i = 0; i < rest; i += 8, bits++) store<u8>(bits, <u8>(last >> i));
  return count + popcnt(last);
}

/** The same for bytes. */
export function matchBits8(x: usize, length: i32, mask: i32, value: i32, bits: usize): i32 {
  const m = i8x16.splat(<i8>mask);
  const v = i8x16.splat(<i8>value);
  let count = 0;
  const whole = length & ~15;
  for (let i = 0; i < whole; i += 16, x += 16, bits += 2) {
    const found = i8x16.bitmask(i8x16.eq(v128.and(v128.load(x), m), v));
    store<u16>(bits, <u16>found);
    count += popcnt(found);
  }
  let last: u32 = 0;
  const rest = length - whole;
  for (let i = 0; i < rest; i++, x++) if ((<i32>load<u8>(x) & mask) == value) last |= 1 << i;
  for (let i = 0; i < rest; i += 8, bits++) store<u8>(bits, <u8>(last >> i));
  return count + popcnt(last);
}
