/** A bit for each byte, set where the byte is not 0; the first byte's bit is the least significant. Bits behind the last are 0. */
export function packBits(bytes: usize, length: i32, out: usize): void {
  const zero = i8x16.splat(0);
  let i = 0;
  for (; i + 16 <= length; i += 16, bytes += 16, out += 2)
    store<u16>(out, <u16>i8x16.bitmask(i8x16.ne(v128.load(bytes), zero)));
  for (; i < length; i += 8, bytes += 8, out++) {
    let bits: u32 = 0;
    const end = min(8, length - i);
    for (let bit = 0; bit < end; bit++) if (load<u8>(bytes + bit) != 0) bits |= 1 << bit;
    store<u8>(out, <u8>bits);
  }
}
