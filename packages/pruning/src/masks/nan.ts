import type { Work } from '@espalier/base';
import { kernels } from '@espalier/kernels';
import type { PrunableLayer } from '../layer.js';
import { type BitMask, countBits } from '../mask.js';
import type { Note } from '../method.js';
import { wordWindows } from '../wordWindows.js';

const INFINITY_WORD = 0x7f80_0000;
/** Elements that go through the kernel at once. */
const BLOCK_ELEMENTS = 1 << 16;

/** What is said of a layer some of whose weights are NaN. */
export const nanNote = (name: string, nan: number): Note => ({
  code: 'prune/nan-kept',
  severity: 'warning',
  message: `${nan} ${nan === 1 ? 'weight' : 'weights'} of ${name} ${nan === 1 ? 'is' : 'are'} NaN and not pruned.`,
  tensor: name,
});

/** What is said of a layer in which fewer blocks or channels go than were to, since a NaN lies in every other one. */
export const sparedNote = (name: string, spared: number, parts: string): Note => ({
  code: 'prune/nan-kept',
  severity: 'warning',
  message: `${spared} more ${parts} of ${name} were to go; a NaN lies in each that is left, and NaN is not pruned.`,
  tensor: name,
});

/** A mask that was made without a look at the values, with every NaN kept. Most layers have none, which one quick read tells. */
export async function keepNan(
  { entry }: PrunableLayer,
  mask: BitMask,
  work: Work,
): Promise<{ readonly mask: BitMask; readonly nan: number }> {
  let bits: Uint8Array | null = null;
  let nan = 0;
  const found = new Uint32Array(BLOCK_ELEMENTS);
  for await (const { begin, words } of wordWindows(entry, work)) {
    for (let at = 0; at < words.length; at += BLOCK_ELEMENTS) {
      const block = words.subarray(at, at + BLOCK_ELEMENTS);
      const count = kernels().countWithin32(block, 0, 0, found).nan;
      if (count === 0) continue;
      nan += count;
      bits ??= mask.bits.slice();
      for (let i = 0; i < block.length; i++) {
        const place = begin + at + i;
        if ((block[i]! & 0x7fff_ffff) > INFINITY_WORD) bits[place >>> 3]! |= 1 << (place & 7);
      }
    }
  }
  return { mask: bits === null ? mask : { ...mask, bits, kept: countBits(bits) }, nan };
}
