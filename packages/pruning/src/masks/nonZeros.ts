import type { Work } from '@espalier/base';
import type { PrunableLayer } from '../layer.js';
import { type BitMask, maskFromBits } from '../mask.js';
import { valueWindows } from '../readLayer.js';

/** What is not zero stays. */
export async function nonZeros(layer: Pick<PrunableLayer, 'entry'>, work: Work): Promise<BitMask> {
  const { elements } = layer.entry;
  const bits = new Uint8Array(Math.ceil(elements / 8));
  for await (const { begin, values } of valueWindows(layer, work)) {
    const own = bits.subarray(begin / 8);
    for (let i = 0; i < values.length; i++) if (values[i] !== 0) own[i >>> 3]! |= 1 << (i & 7);
  }
  return maskFromBits(elements, bits);
}
