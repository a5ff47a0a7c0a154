import { answerMagnitudes } from '@espalier/analysis';
import type { Work } from '@espalier/base';
import type { PrunableLayer } from '../layer.js';
import { type BitMask, countBits } from '../mask.js';
import type { Note } from '../method.js';
import { valueWindows } from '../readLayer.js';

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

/**
 * A mask that was made without a look at the values, with every NaN kept. Most layers have none, which one quick read tells: counting leading bits
 * needs no decoding.
 */
export async function keepNan(
  layer: PrunableLayer,
  mask: BitMask,
  work: Work,
): Promise<{ readonly mask: BitMask; readonly nan: number }> {
  const { entry } = layer;
  const leading = await answerMagnitudes(entry, { prefix: null }, { begin: 0, end: entry.elements }, work);
  // From the leading bits of infinity on; what is only infinite stays uncounted below.
  if (leading.subarray(0xff00).every((count) => count === 0)) return { mask, nan: 0 };
  const bits = mask.bits.slice();
  let nan = 0;
  for await (const { begin, values } of valueWindows(layer, work)) {
    for (let i = 0; i < values.length; i++) {
      if (!Number.isNaN(values[i]!)) continue;
      nan++;
      bits[Math.floor((begin + i) / 8)]! |= 1 << ((begin + i) % 8);
    }
  }
  return { mask: { ...mask, bits, kept: countBits(bits) }, nan };
}
