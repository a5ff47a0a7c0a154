/**
 * Counts the trailing bits of the words whose leading bits were asked for. `slots` has an i16 for each of the leading patterns (`word >> shift`): the
 * number of its table, or −1. Tables hold 2^shift counters each.
 */
export function countTrailing(x: usize, length: i32, shift: i32, mask: u32, slots: usize, tables: usize): void {
  const low: u32 = (1 << shift) - 1;
  const end = x + (<usize>(length & ~3) << 2);
  while (x < end) {
    const a = load<u64>(x);
    const b = load<u64>(x, 8);
    const w0 = <u32>a & mask, w1 = <u32>(a >> 32) & mask, w2 = <u32>b & mask, w3 = <u32>(b >> 32) & mask;
    const s0 = <i32>load<i16>(slots + (<usize>(w0 >> shift) << 1));
    const s1 = <i32>load<i16>(slots + (<usize>(w1 >> shift) << 1));
    const s2 = <i32>load<i16>(slots + (<usize>(w2 >> shift) << 1));
    const s3 = <i32>load<i16>(slots + (<usize>(w3 >> shift) << 1));
    if ((s0 & s1 & s2 & s3) >= 0) {
      if (s0 >= 0) bump(tables + (((<usize>s0 << shift) + (w0 & low)) << 2));
      if (s1 >= 0) bump(tables + (((<usize>s1 << shift) + (w1 & low)) << 2));
      if (s2 >= 0) bump(tables + (((<usize>s2 << shift) + (w2 & low)) << 2));
      if (s3 >= 0) bump(tables + (((<usize>s3 << shift) + (w3 & low)) << 2));
    }
    x += 16;
  }
  for (let i = length & ~3; i < length; i++, x += 4) {
    const w = load<u32>(x) & mask;
    const s = <i32>load<i16>(slots + (<usize>(w >> shift) << 1));
    if (s >= 0) bump(tables + (((<usize>s << shift) + (w & low)) << 2));
  }
}

// @ts-ignore: decorator
@inline
function bump(at: usize): void {
  store<u32>(at, load<u32>(at) + 1);
}
