/** 32 bits from any bit position; up to 8 bytes are read. */
// @ts-ignore: decorator
@inline
export function bits32(bits: usize, at: usize): u32 {
  return <u32>(load<u64>(bits + (at >> 3)) >> <u64>(at & 7));
}

/** The `count` lowest bits, all of them from 32 on. */
// @ts-ignore: decorator
@inline
export function lowest(count: usize): u32 {
  return count >= 32 ? 0xffffffff : (<u32>1 << <u32>count) - 1;
}

/** At least two of four, bit by bit. */
// @ts-ignore: decorator
@inline
export function twoOfFour(a: u32, b: u32, c: u32, d: u32): u32 {
  return (a & b) | (c & d) | ((a | b) & (c | d));
}

/** At least three of four. */
// @ts-ignore: decorator
@inline
export function threeOfFour(a: u32, b: u32, c: u32, d: u32): u32 {
  return (a & b & (c | d)) | (c & d & (a | b));
}

// @ts-ignore: decorator
@inline
function majority(a: u32, b: u32, c: u32): u32 {
  return (a & b) | (c & (a | b));
}

/** At least four of eight: the ones are added to twos, and two twos make four. */
// @ts-ignore: decorator
@inline
export function fourOfEight(a: u32, b: u32, c: u32, d: u32, e: u32, f: u32, g: u32, h: u32): u32 {
  const carry = majority(a ^ b ^ c, d ^ e ^ f, g ^ h);
  return twoOfFour(majority(a, b, c), majority(d, e, f), g & h, carry);
}
