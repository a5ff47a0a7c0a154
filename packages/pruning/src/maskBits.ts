import type { Work } from '@espalier/base';
import type { PrunableLayer } from './layer.js';
import { type BitMask, type Mask, maskFromBits, wordOf } from './mask.js';
import { valueWindows } from './readLayer.js';

/**
 * The mask as one bit a weight; a threshold is applied to the values of the layer as it was when the threshold was found. Reads the layer once, window by
 * window.
 */
export async function maskBits(layer: PrunableLayer, mask: Mask, work: Work): Promise<BitMask> {
  if (mask.kind === 'bits') return mask;
  const bits = new Uint8Array(Math.ceil(mask.elements / 8));
  const threshold = wordOf(mask.magnitude);
  let { ties } = mask;
  // Windows begin at multiples of 8.
  for await (const { begin, values } of valueWindows(layer, work)) {
    const singles = values instanceof Float32Array ? values : Float32Array.from(values);
    const words = new Uint32Array(singles.buffer, singles.byteOffset, singles.length);
    let at = begin / 8;
    for (let i = 0; i < words.length; i += 8) {
      let byte = 0;
      const end = Math.min(i + 8, words.length);
      for (let k = i; k < end; k++) {
        const size = words[k]! & 0x7fff_ffff;
        if (size > threshold) byte |= 1 << (k - i);
        else if (size === threshold) {
          if (ties === 0) byte |= 1 << (k - i);
          else ties--;
        }
      }
      bits[at++] = byte;
    }
  }
  return maskFromBits(mask.elements, bits);
}
