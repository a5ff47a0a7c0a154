/**
 * Overwrites the elements whose bit is 0: elements of `width` bytes (1, 2, 4 or 8), bits least significant first. `pattern` is what is written;
 * of 8 bytes the upper four become 0. Up to 7 bits after the last element's are ignored.
 */
export function dropUnset(x: usize, length: i32, width: i32, bits: usize, pattern: i32): void {
  const whole = length >> 3;
  if (width == 4) words(x, whole, bits, i32x4.splat(pattern));
  else if (width == 2) halves(x, whole, bits, i16x8.splat(<i16>pattern));
  else if (width == 1) bytes(x, whole, bits, i8x16.splat(<i8>pattern));
  else longs(x, whole, bits, i64x2.splat(<i64><u32>pattern));
  for (let i = whole << 3; i < length; i++) {
    if ((load<u8>(bits + (i >> 3)) >> <u8>(i & 7)) & 1) continue;
    const at = x + <usize>i * width;
    if (width == 4) store<i32>(at, pattern);
    else if (width == 2) store<u16>(at, <u16>pattern);
    else if (width == 1) store<u8>(at, <u8>pattern);
    else store<u64>(at, <u64><u32>pattern);
  }
}

/** A lane's own bit of a byte that every lane holds, compared with 0: lanes to overwrite are all ones. */
function words(x: usize, whole: i32, bits: usize, pattern: v128): void {
  const low = i32x4(1, 2, 4, 8), high = i32x4(16, 32, 64, 128), zero = i32x4.splat(0);
  for (let i = 0; i < whole; i++, x += 32, bits++) {
    const b = i32x4.splat(<i32>load<u8>(bits));
    v128.store(x, v128.bitselect(pattern, v128.load(x), i32x4.eq(v128.and(b, low), zero)));
    v128.store(x, v128.bitselect(pattern, v128.load(x, 16), i32x4.eq(v128.and(b, high), zero)), 16);
  }
}

function halves(x: usize, whole: i32, bits: usize, pattern: v128): void {
  const own = i16x8(1, 2, 4, 8, 16, 32, 64, 128), zero = i16x8.splat(0);
  for (let i = 0; i < whole; i++, x += 16, bits++) {
    const b = i16x8.splat(<i16>load<u8>(bits));
    v128.store(x, v128.bitselect(pattern, v128.load(x), i16x8.eq(v128.and(b, own), zero)));
  }
}

function bytes(x: usize, whole: i32, bits: usize, pattern: v128): void {
  const own = i8x16(1, 2, 4, 8, 16, 32, 64, -128, 1, 2, 4, 8, 16, 32, 64, -128), zero = i8x16.splat(0);
  const spread = i8x16(0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1);
  let i = 0;
  for (; i + 2 <= whole; i += 2, x += 16, bits += 2) {
    const b = i8x16.swizzle(i16x8.splat(<i16>load<u16>(bits)), spread);
    v128.store(x, v128.bitselect(pattern, v128.load(x), i8x16.eq(v128.and(b, own), zero)));
  }
  if (i == whole) return;
  const one = <u32>load<u8>(bits);
  for (let lane = 0; lane < 8; lane++) {
    if (!((one >> lane) & 1)) store<u8>(x + lane, <u8>i8x16.extract_lane_u(pattern, 0));
  }
}

function longs(x: usize, whole: i32, bits: usize, pattern: v128): void {
  const zero = i64x2.splat(0);
  for (let i = 0; i < whole; i++, bits++) {
    const b = i64x2.splat(<i64>load<u8>(bits));
    let own = i64x2(1, 2);
    for (let pair = 0; pair < 4; pair++, x += 16) {
      v128.store(x, v128.bitselect(pattern, v128.load(x), i64x2.eq(v128.and(b, own), zero)));
      own = i64x2.shl(own, 2);
    }
  }
}
