import type { TensorHead } from '@espalier/model';
import { cellsOf, type How, packedRowBytes } from '@espalier/quantization';

/** Bytes of a tensor that is stored as told: codes, scales and zero points, as safetensors hold them. From its shape alone. */
export function storedSize({ shape, elements, bytes }: TensorHead, { scheme, granularity, scaleType }: How): number {
  if (scheme.kind === 'keep') return bytes;
  if (scheme.kind === 'half') return 2 * elements;
  const rows = shape.length < 2 ? 1 : shape[0]!;
  const codes = rows * packedRowBytes(rows === 0 ? 0 : elements / rows, scheme.kind === 'binary' ? 1 : scheme.bits);
  const zeros = scheme.kind === 'uniform' && !scheme.symmetric ? 1 : 0;
  return codes + cellsOf(shape, granularity).count * ((scaleType === 'F16' ? 2 : 4) + zeros);
}
