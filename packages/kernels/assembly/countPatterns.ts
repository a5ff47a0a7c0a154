// Counters lie in two tables of `places` u32, used in turn so that a pattern that comes twice in a row does not wait for its own counter, and
// 16 more for zeros: with `sparse`, +0 goes to the first eight of them in turn and −0 to the others. The caller adds everything up.

/** Counts 16-bit patterns; 65 536 places. With `sparse`, 0x0000 and 0x8000 are the zeros. */
export function countPatterns16(x: usize, length: i32, counts: usize, sparse: i32): void {
  const whole = length & ~7;
  const end = x + (<usize>whole << 1);
  if (sparse) {
    for (; x < end; x += 16) {
      const a = load<u64>(x), b = load<u64>(x, 8);
      bump(counts, place16(<u32>a & 0xffff, 0));
      bump(counts, place16(<u32>a >> 16, 1));
      bump(counts, place16(<u32>(a >> 32) & 0xffff, 2));
      bump(counts, place16(<u32>(a >> 48), 3));
      bump(counts, place16(<u32>b & 0xffff, 4));
      bump(counts, place16(<u32>b >> 16, 5));
      bump(counts, place16(<u32>(b >> 32) & 0xffff, 6));
      bump(counts, place16(<u32>(b >> 48), 7));
    }
  } else {
    const other = counts + 262144;
    for (; x < end; x += 16) {
      const a = load<u64>(x), b = load<u64>(x, 8);
      bump(counts, <u32>a & 0xffff);
      bump(other, <u32>a >> 16);
      bump(counts, <u32>(a >> 32) & 0xffff);
      bump(other, <u32>(a >> 48));
      bump(counts, <u32>b & 0xffff);
      bump(other, <u32>b >> 16);
      bump(counts, <u32>(b >> 32) & 0xffff);
      bump(other, <u32>(b >> 48));
    }
  }
  for (let i = whole; i < length; i++, x += 2) bump(counts, load<u16>(x));
}

// @ts-ignore: decorator
@inline
function place16(pattern: u32, turn: u32): u32 {
  return select<u32>(131072 + turn + ((pattern >> 15) << 3), pattern, (pattern & 0x7fff) == 0);
}

/** Counts bytes into eight tables of 256. */
export function countPatterns8(x: usize, length: i32, counts: usize): void {
  const whole = length & ~7;
  const end = x + <usize>whole;
  for (; x < end; x += 8) {
    const a = load<u64>(x);
    bump(counts, <u32>a & 0xff);
    bump(counts + 1024, (<u32>a >> 8) & 0xff);
    bump(counts + 2048, (<u32>a >> 16) & 0xff);
    bump(counts + 3072, <u32>a >> 24);
    bump(counts + 4096, <u32>(a >> 32) & 0xff);
    bump(counts + 5120, <u32>(a >> 40) & 0xff);
    bump(counts + 6144, <u32>(a >> 48) & 0xff);
    bump(counts + 7168, <u32>(a >> 56));
  }
  for (let i = whole; i < length; i++, x++) bump(counts, load<u8>(x));
}

/** Counts leading bits of 32-bit words, `(word & mask) >> shift`. With `sparse`, ±0 are the zeros. */
export function countLeading(x: usize, length: i32, shift: i32, mask: u32, places: u32, counts: usize, sparse: i32): void {
  const whole = length & ~7;
  const end = x + (<usize>whole << 2);
  if (sparse) {
    const m = i32x4.splat(mask);
    const zero = i32x4.splat(0);
    const first = i32x4.add(i32x4.splat(2 * places), i32x4(0, 1, 2, 3));
    const second = i32x4.add(first, i32x4.splat(4));
    for (; x < end; x += 32) {
      const v = v128.and(v128.load(x), m), w = v128.and(v128.load(x, 16), m);
      const p = i32x4.shl(placeOf(v, shift, first, zero), 2), q = i32x4.shl(placeOf(w, shift, second, zero), 2);
      const a = i64x2.extract_lane(p, 0), b = i64x2.extract_lane(p, 1), c = i64x2.extract_lane(q, 0), d = i64x2.extract_lane(q, 1);
      bumpAt(counts + <usize>(<u32>a));
      bumpAt(counts + <usize>(<u64>a >> 32));
      bumpAt(counts + <usize>(<u32>b));
      bumpAt(counts + <usize>(<u64>b >> 32));
      bumpAt(counts + <usize>(<u32>c));
      bumpAt(counts + <usize>(<u64>c >> 32));
      bumpAt(counts + <usize>(<u32>d));
      bumpAt(counts + <usize>(<u64>d >> 32));
    }
  } else {
    const other = counts + (<usize>places << 2);
    const both = (<u64>mask << 32) | mask;
    for (; x < end; x += 32) {
      const a = load<u64>(x) & both, b = load<u64>(x, 8) & both, c = load<u64>(x, 16) & both, d = load<u64>(x, 24) & both;
      bump(counts, <u32>a >> shift);
      bump(other, <u32>(a >> 32) >> shift);
      bump(counts, <u32>b >> shift);
      bump(other, <u32>(b >> 32) >> shift);
      bump(counts, <u32>c >> shift);
      bump(other, <u32>(c >> 32) >> shift);
      bump(counts, <u32>d >> shift);
      bump(other, <u32>(d >> 32) >> shift);
    }
  }
  for (let i = whole; i < length; i++, x += 4) bump(counts, (load<u32>(x) & mask) >> shift);
}

/** The place of each word; of ±0 one of the places for zeros. */
// @ts-ignore: decorator
@inline
function placeOf(v: v128, shift: i32, zeros: v128, zero: v128): v128 {
  const signed = i32x4.add(zeros, i32x4.shl(i32x4.shr_u(v, 31), 3));
  return v128.bitselect(signed, i32x4.shr_u(v, shift), f32x4.eq(v, zero));
}

// @ts-ignore: decorator
@inline
function bump(table: usize, place: u32): void {
  bumpAt(table + (<usize>place << 2));
}

// @ts-ignore: decorator
@inline
function bumpAt(at: usize): void {
  store<u32>(at, load<u32>(at) + 1);
}
