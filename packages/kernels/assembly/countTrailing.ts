/**
 * Counts how words go on after their leading bits. `slots` has an i16 for each leading pattern, `word >> shift`: a slot, or −1. The digit is
 * the next `digitBits` bits. Without `second`, each slot has a table of counters for the digits. With `second`, an i16 for each slot and digit
 * names a table (or −1) of counters for all bits that are left. Slots from `borders` on have no table: of
 * them is counted how many words reach a threshold in the bits after the leading ones, one u32 a slot at `thresholds`, one counter a slot at `above`.
 */
export function countTrailing(
  x: usize, length: i32, shift: i32, mask: u32, slots: usize, digitBits: i32, second: usize, tables: usize, borders: i32, thresholds: usize, above: usize,
): void {
  const end = x + (<usize>(length & ~3) << 2);
  const both = (<u64>mask << 32) | mask;
  for (; x < end; x += 16) {
    const a = load<u64>(x) & both, b = load<u64>(x, 8) & both;
    const w0 = <u32>a, w1 = <u32>(a >> 32), w2 = <u32>b, w3 = <u32>(b >> 32);
    const s0 = slotOf(slots, w0 >> shift), s1 = slotOf(slots, w1 >> shift);
    const s2 = slotOf(slots, w2 >> shift), s3 = slotOf(slots, w3 >> shift);
    // The sign bit stays only where all four have no slot.
    if ((s0 & s1 & s2 & s3) < 0) continue;
    if (s0 >= 0) count(w0, s0, shift, digitBits, second, tables, borders, thresholds, above);
    if (s1 >= 0) count(w1, s1, shift, digitBits, second, tables, borders, thresholds, above);
    if (s2 >= 0) count(w2, s2, shift, digitBits, second, tables, borders, thresholds, above);
    if (s3 >= 0) count(w3, s3, shift, digitBits, second, tables, borders, thresholds, above);
  }
  for (let i = length & ~3; i < length; i++, x += 4) {
    const w = load<u32>(x) & mask;
    const s = slotOf(slots, w >> shift);
    if (s >= 0) count(w, s, shift, digitBits, second, tables, borders, thresholds, above);
  }
}

// @ts-ignore: decorator
@inline
function slotOf(slots: usize, pattern: u32): i32 {
  return <i32>load<i16>(slots + (<usize>pattern << 1));
}

// @ts-ignore: decorator
@inline
function count(
  word: u32, slot: i32, shift: i32, digitBits: i32, second: usize, tables: usize, borders: i32, thresholds: usize, above: usize,
): void {
  if (slot >= borders) {
    const place = <usize>(slot - borders) << 2;
    const at = above + place;
    store<u32>(at, load<u32>(at) + <u32>((word & ((1 << shift) - 1)) >= load<u32>(thresholds + place)));
    return;
  }
  const leftBits = shift - digitBits;
  const place = (<u32>slot << digitBits) + ((word & ((1 << shift) - 1)) >> leftBits);
  if (second == 0) {
    bump(tables + (<usize>place << 2));
    return;
  }
  const table = slotOf(second, place);
  if (table >= 0) bump(tables + (<usize>((<u32>table << leftBits) + (word & ((1 << leftBits) - 1))) << 2));
}

// @ts-ignore: decorator
@inline
function bump(at: usize): void {
  store<u32>(at, load<u32>(at) + 1);
}
