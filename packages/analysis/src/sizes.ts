import type { TensorEntry } from '@espalier/checkpoint';
import type { TensorHead } from '@espalier/model';
import { BITS, isDtype } from '@espalier/tensor';
import type { SizesAsStored } from './facts.js';

/**
 * Bytes in other encodings, from counts alone; all round up to whole bytes. With w bits a stored value, n elements, k kept ones, and a
 * matrix of r rows and c columns (rows are output channels; a vector is one row):
 * CSR k · (w + 16 or 32) + 32 · (r + 1) bits, 16-bit column indices where c ≤ 65 536; bitmask n + k · w; 2:4 n / 2 · (w + 2).
 */
export function sizesOf(entry: TensorEntry, head: TensorHead, zeros: number): SizesAsStored {
  const { elements, bytes } = entry;
  const bits = storedBits(entry);
  const kept = elements - zeros;
  const rows = head.outputChannels ?? (entry.shape.length > 1 ? entry.shape[0]! : 1);
  const columns = rows === 0 ? 0 : elements / rows;
  const inBytes = (total: number): number => Math.ceil(total / 8);
  return {
    raw: bytes,
    gzip: null,
    csr: inBytes(kept * (bits + (columns <= 65_536 ? 16 : 32)) + 32 * (rows + 1)),
    bitmask: inBytes(elements + kept * bits),
    packed24: null,
  };
}

/** Bits a stored value takes; of packed blocks the average over the tensor. */
function storedBits({ data, dtype, bytes, elements }: TensorEntry): number {
  if (data.kind === 'raw') return BITS[data.dtype];
  if (elements > 0 && bytes > 0) return (8 * bytes) / elements;
  return isDtype(dtype) ? BITS[dtype] : 0;
}
