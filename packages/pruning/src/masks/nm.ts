import { sizeOf, type Work } from '@espalier/base';
import type { PrunableLayer } from '../layer.js';
import { type BitMask, maskFromBits } from '../mask.js';
import { valueWindows } from '../readLayer.js';

export interface NmMask {
  readonly mask: BitMask;
  /** Groups with more NaN than may stay: all of those stay, and the pattern does not hold there. */
  readonly broken: number;
}

/**
 * Of every M consecutive weights along an axis the N with the largest |w| stay, of equal ones the first. The axis must divide by M. NaN counts
 * as the largest and never goes. (Mishra et al., "Accelerating Sparse Deep Neural Networks", 2021.) Reads the layer once, window by window.
 */
export async function nmMask(
  layer: Pick<PrunableLayer, 'entry'>,
  axis: number,
  n: number,
  m: number,
  work: Work,
): Promise<NmMask> {
  const { shape, elements } = layer.entry;
  const stride = sizeOf(shape.slice(axis + 1));
  const bits = new Uint8Array(Math.ceil(elements / 8));
  const sizes = new Float64Array(m);
  let broken = 0;
  for await (const { begin, values } of valueWindows(layer, work, m * stride)) {
    const own = bits.subarray(begin / 8);
    for (let start = 0; start < values.length; start += m * stride) {
      for (let first = start; first < start + stride; first++) {
        let nan = 0;
        for (let i = 0; i < m; i++) {
          const size = Math.abs(values[first + i * stride]!);
          if (Number.isNaN(size)) nan++;
          sizes[i] = Number.isNaN(size) ? Number.POSITIVE_INFINITY : Math.min(size, Number.MAX_VALUE);
        }
        if (nan > n) broken++;
        const staying = Math.max(n, nan);
        for (let i = 0; i < m; i++) {
          const size = sizes[i]!;
          let larger = 0;
          for (let k = 0; k < i; k++) if (sizes[k]! >= size) larger++;
          for (let k = i + 1; k < m; k++) if (sizes[k]! > size) larger++;
          if (larger >= staying) continue;
          const at = first + i * stride;
          own[at >>> 3]! |= 1 << (at & 7);
        }
      }
    }
  }
  return { mask: maskFromBits(elements, bits), broken };
}
