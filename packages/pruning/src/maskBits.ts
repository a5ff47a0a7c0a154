import type { Work } from '@espalier/base';
import type { PrunableLayer } from './layer.js';
import { type BitMask, type Mask, maskOf } from './mask.js';
import { valueWindows } from './readLayer.js';

/** The mask as one bit a weight; a threshold is applied to the values of the layer as it was when the threshold was found. */
export async function maskBits(layer: PrunableLayer, mask: Mask, work: Work): Promise<BitMask> {
  if (mask.kind === 'bits') return mask;
  const kept = new Uint8Array(mask.elements);
  let { ties } = mask;
  for await (const { begin, values } of valueWindows(layer, work)) {
    for (let i = 0; i < values.length; i++) {
      const magnitude = Math.abs(Math.fround(values[i]!));
      if (magnitude < mask.magnitude) continue;
      if (magnitude === mask.magnitude && ties > 0) ties--;
      else kept[begin + i] = 1;
    }
  }
  return maskOf(mask.elements, (i) => kept[i] === 1);
}
