/**
 * Counts how words go on after their leading bits. `slots` has an i16 for each leading pattern, `word >> shift`: a slot, or −1. The digit is
 * the next `digitBits` bits. Without `second`, each slot has a table of counters for the digits. With `second`, an i16 for each slot and digit
 * names a table (or −1) of counters for all bits that are left. Slots from `borders` on have no table: of
 * them is counted how many words reach a threshold in the bits after the leading ones, one u32 a slot at `thresholds`, one counter a slot at `above`. `found`
 * is scratch of 8200 bytes. `many` says that a good part of the words has a slot, so that branches would often guess wrong.
 */
export function countTrailing(
  x: usize, length: i32, shift: i32, mask: u32, slots: usize, digitBits: i32, second: usize, tables: usize, borders: i32, thresholds: usize, above: usize,
  found: usize, many: i32,
): void {
  const end = x + (<usize>(length & ~3) << 2);
  const both = (<u64>mask << 32) | mask;
  if (!many) {
    for (; x < end; x += 16) {
      const a = load<u64>(x) & both, b = load<u64>(x, 8) & both;
      const s0 = slotOf(slots, <u32>a >> shift), s1 = slotOf(slots, <u32>(a >> 32) >> shift);
      const s2 = slotOf(slots, <u32>b >> shift), s3 = slotOf(slots, <u32>(b >> 32) >> shift);
      // The sign bit stays only where all four have no slot.
      if ((s0 & s1 & s2 & s3) < 0) continue;
      if (s0 >= 0) count(<u32>a, s0, shift, digitBits, second, tables, borders, thresholds, above);
      if (s1 >= 0) count(<u32>(a >> 32), s1, shift, digitBits, second, tables, borders, thresholds, above);
      if (s2 >= 0) count(<u32>b, s2, shift, digitBits, second, tables, borders, thresholds, above);
      if (s3 >= 0) count(<u32>(b >> 32), s3, shift, digitBits, second, tables, borders, thresholds, above);
    }
  }
  while (x < end) {
    // Few words have a slot, and no branch could tell which: every word is written down, and only those with a slot are kept.
    const stop = min(end, x + (BLOCK << 2));
    let last = found;
    for (; x < stop; x += 16) {
      const a = load<u64>(x) & both, b = load<u64>(x, 8) & both;
      last = note(last, <u32>a, slotOf(slots, <u32>a >> shift));
      last = note(last, <u32>(a >> 32), slotOf(slots, <u32>(a >> 32) >> shift));
      last = note(last, <u32>b, slotOf(slots, <u32>b >> shift));
      last = note(last, <u32>(b >> 32), slotOf(slots, <u32>(b >> 32) >> shift));
    }
    for (let at = found; at < last; at += 8) {
      count(load<u32>(at), load<i32>(at, 4), shift, digitBits, second, tables, borders, thresholds, above);
    }
  }
  for (let i = length & ~3; i < length; i++, x += 4) {
    const w = load<u32>(x) & mask;
    const s = slotOf(slots, w >> shift);
    if (s >= 0) count(w, s, shift, digitBits, second, tables, borders, thresholds, above);
  }
}

/** Words that are written down before they are counted; `found` has room for one more. */
const BLOCK: usize = 1024;

/** Writes a word and its slot at `at`; the next one goes behind it if there is a slot, else over it. */
// @ts-ignore: decorator
@inline
function note(at: usize, word: u32, slot: i32): usize {
  store<u64>(at, <u64>word | (<u64>slot << 32));
  return at + (<usize>(~slot >>> 31) << 3);
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
