import { bits32, lowest } from './bits';

/** Bits set in each of `runs` runs of `length` bits, one after the other, added to u32 counters. Up to 8 bytes after the last bit must be readable. */
export function countRuns(bits: usize, runs: i32, length: i32, counts: usize): void {
  let at: usize = 0;
  for (let run = 0; run < runs; run++, counts += 4) {
    let count: u32 = 0;
    const end = at + <usize>length;
    // Up to a whole byte, then 64 bits at a time.
    const head = min<usize>(<usize>length, (8 - (at & 7)) & 7);
    if (head) count += popcnt(bits32(bits, at) & lowest(head));
    at += head;
    for (; at + 64 <= end; at += 64) count += <u32>popcnt(load<u64>(bits + (at >> 3)));
    for (; at < end; at += 32) count += popcnt(bits32(bits, at) & lowest(end - at));
    at = end;
    store<u32>(counts, load<u32>(counts) + count);
  }
}
