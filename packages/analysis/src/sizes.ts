import type { TensorEntry } from '@espalier/checkpoint';
import type { TensorHead } from '@espalier/model';
import { BITS, isDtype } from '@espalier/tensor';
import type { PatternAlongAxis, SizesAsStored } from './facts.js';

/**
 * Bytes in other encodings, from counts alone; all round up to whole bytes. With w bits a stored value, n elements, k kept ones, and a
 * matrix of r rows and c columns (rows are output channels; a vector is one row):
 * CSR k · (w + 16 or 32) + 32 · (r + 1) bits, 16-bit column indices where c ≤ 65 536; bitmask n + k · w; 2:4 n / 2 · (w + 2).
 */
export function sizesOf(
  entry: TensorEntry,
  head: TensorHead,
  zeros: number,
  along24: readonly PatternAlongAxis[] = [],
): SizesAsStored {
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
    packed24: packed24(entry, along24, bits),
  };
}

/** Along the axis where most groups of four have two zeros; it must divide by four. `fits` is the share of those groups. */
function packed24(
  { shape, elements }: TensorEntry,
  along: readonly PatternAlongAxis[],
  bits: number,
): SizesAsStored['packed24'] {
  const shares = along
    .filter(({ axis, groups }) => groups > 0 && shape[axis]! % 4 === 0)
    .map(({ groups, compliantGroups }) => compliantGroups / groups);
  if (shares.length === 0) return null;
  return { bytes: Math.ceil(((elements / 2) * (bits + 2)) / 8), fits: Math.max(...shares) };
}

/** Bits a stored value takes; of packed blocks the average over the tensor. */
function storedBits({ data, dtype, bytes, elements }: TensorEntry): number {
  if (data.kind === 'raw') return BITS[data.dtype];
  if (elements > 0 && bytes > 0) return (8 * bytes) / elements;
  return isDtype(dtype) ? BITS[dtype] : 0;
}
