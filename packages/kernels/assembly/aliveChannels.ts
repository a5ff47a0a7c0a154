import { bits32, lowest } from './bits';

/**
 * Marks the channels that are not all zeros: elements are [outer, channels, inner], `alive` has one byte a channel, `seen` one bit a channel and 8 bytes more,
 * clear at first. Up to 8 bytes after the last bit must be readable.
 */
export function aliveChannels(bits: usize, outerCount: f64, channelCount: f64, innerCount: f64, alive: usize, seen: usize): void {
  const outer = <usize>outerCount;
  const channels = <usize>channelCount;
  const inner = <usize>innerCount;
  for (let o: usize = 0; o < outer; o++) {
    const row = o * channels * inner;
    if (inner == 1) {
      for (let c: usize = 0; c < channels; c += 32) {
        const known = seen + (c >> 3);
        let living = ~bits32(bits, row + c) & lowest(channels - c) & ~load<u32>(known);
        if (living == 0) continue;
        store<u32>(known, load<u32>(known) | living);
        for (; living != 0; living &= living - 1) store<u8>(alive + c + ctz(living), 1);
      }
    } else {
      for (let c: usize = 0; c < channels; c++) {
        if (load<u8>(alive + c) == 0 && hasClear(bits, row + c * inner, inner)) store<u8>(alive + c, 1);
      }
    }
  }
}

function hasClear(bits: usize, begin: usize, count: usize): bool {
  for (let i: usize = 0; i < count; i += 32) if (~bits32(bits, begin + i) & lowest(count - i)) return true;
  return false;
}
