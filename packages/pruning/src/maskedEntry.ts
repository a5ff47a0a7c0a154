import { type DecodedData, readValues, type TensorEntry } from '@espalier/checkpoint';
import { kernels } from '@espalier/kernels';
import type { Values } from '@espalier/tensor';
import type { PrunableLayer } from './layer.js';
import { type BitMask, isKept, type Mask, type ThresholdMask, wordOf } from './mask.js';

/** Elements that go through a kernel at once: they stay in the cache. */
const BLOCK_ELEMENTS = 1 << 16;

/** The tensor as later steps read it: values that the mask drops are 0, the others as they were. */
export function maskedEntry({ entry }: PrunableLayer, mask: Mask): TensorEntry {
  const ties = mask.kind === 'threshold' ? new TieCounter(entry, mask) : null;
  const data: DecodedData = {
    kind: 'decoded',
    blockElements: 1 << 20,
    async read(begin, length, signal) {
      const read = await readValues(entry, begin, length, signal);
      // A decoder may keep what it answers.
      const values = entry.data.kind === 'decoded' ? read.slice() : read;
      if (mask.kind === 'bits') dropUnset(values, mask, begin);
      else if (ties !== null) {
        const before = await ties.before(begin, signal);
        ties.learn(begin + length, before + dropSmall(values, mask.magnitude, mask.ties - before));
      }
      return values;
    },
  };
  return { ...entry, data };
}

/**
 * How many of the ties are used up before an element: masks are applied from the first element on, readers ask for any range. What was counted
 * for one question is where the next one begins, as ranges mostly follow each other.
 */
class TieCounter {
  private known = { at: 0, used: 0 };

  constructor(
    private readonly entry: TensorEntry,
    private readonly mask: ThresholdMask,
  ) {}

  async before(begin: number, signal?: AbortSignal): Promise<number> {
    const { ties, magnitude } = this.mask;
    let { at, used } = this.known.at <= begin ? this.known : { at: 0, used: 0 };
    while (at < begin && used < ties) {
      const values = await readValues(this.entry, at, Math.min(1 << 20, begin - at), signal);
      for (let i = 0; i < values.length && used < ties; i++)
        if (Math.abs(Math.fround(values[i]!)) === magnitude) used++;
      at += values.length;
    }
    return used;
  }

  learn(at: number, used: number): void {
    this.known = { at, used };
  }
}

/** Zeroes what lies below the threshold, and the first ties; answers how many ties there were. */
function dropSmall(values: Values, magnitude: number, ties: number): number {
  let used = 0;
  if (values instanceof Float32Array) {
    const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
    const threshold = wordOf(magnitude);
    for (let at = 0; at < words.length; at += BLOCK_ELEMENTS)
      used += kernels().dropSmall32(words.subarray(at, at + BLOCK_ELEMENTS), threshold, ties - used);
    return used;
  }
  for (let i = 0; i < values.length; i++) {
    const size = Math.abs(Math.fround(values[i]!));
    if (size > magnitude || Number.isNaN(size) || (size === magnitude && used === ties)) continue;
    if (size === magnitude) used++;
    values[i] = 0;
  }
  return used;
}

function dropUnset(values: Values, mask: BitMask, begin: number): void {
  if (begin % 8 === 0) {
    const width = values.BYTES_PER_ELEMENT as 4 | 8;
    for (let at = 0; at < values.length; at += BLOCK_ELEMENTS) {
      const block = values.subarray(at, at + BLOCK_ELEMENTS);
      const bytes = new Uint8Array(block.buffer, block.byteOffset, block.byteLength);
      kernels().dropUnset(bytes, width, mask.bits.subarray((begin + at) / 8), 0);
    }
    return;
  }
  for (let i = 0; i < values.length; i++) if (!isKept(mask, begin + i)) values[i] = 0;
}
