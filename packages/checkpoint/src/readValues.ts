import { type Shape, stridesOf } from '@espalier/base';
import { BITS, type Dtype, decodeValues, type Values } from '@espalier/tensor';
import type { Affine, RawData, TensorData } from './checkpoint.js';

/** Sub-byte types are decoded from the byte boundary before: so many elements fill whole bytes. */
const elementsPerUnit = (dtype: Dtype): number => (BITS[dtype] === 4 ? 2 : BITS[dtype] === 6 ? 4 : 1);

/**
 * Logical values of `count` elements from `begin` in C order, whatever form they are stored in. For small tensors that a reader
 * needs itself (scales, zero points, indices), and for tests; scans of large tensors have faster ways.
 */
export async function readValues(
  data: TensorData,
  shape: Shape,
  begin: number,
  count: number,
  signal?: AbortSignal,
): Promise<Values> {
  if (data.kind === 'none' || count === 0) return new Float32Array(0);
  if (data.kind === 'decoded') return data.read(begin, count, signal);
  const values = await readStored(data, begin, count, signal);
  return data.affine === undefined ? values : dequantize(values, data.affine, shape, begin);
}

/** The stored numbers, before any quantization is undone. */
export async function readStored(data: RawData, begin: number, count: number, signal?: AbortSignal): Promise<Values> {
  const unit = elementsPerUnit(data.dtype);
  const from = begin - (begin % unit);
  const bits = BITS[data.dtype];
  const bytes = await data.source.read(
    data.begin + (from * bits) / 8,
    Math.ceil(((begin + count - from) * bits) / 8),
    signal,
  );
  const values = decodeValues(data.dtype, bytes, begin + count - from);
  return from === begin ? values : values.subarray(begin - from);
}

/** `scale · (q − zero point)` in single precision, as the runtimes of ONNX, TFLite and PyTorch do it; `scale · q + minimum` as TensorFlow.js does. */
export function dequantize(stored: Values, affine: Affine, shape: Shape, begin: number): Float32Array {
  const out = new Float32Array(stored.length);
  if (affine.form === 'minimum') {
    for (let i = 0; i < stored.length; i++) out[i] = stored[i]! * affine.scale + affine.minimum;
    return out;
  }
  const { scales, zeroPoints, axis } = affine;
  const stride = axis === null ? 1 : stridesOf(shape)[axis]!;
  const length = axis === null ? 1 : shape[axis]!;
  for (let i = 0; i < stored.length; i++) {
    const channel = axis === null ? 0 : Math.floor((begin + i) / stride) % length;
    out[i] = scales[channel]! * Math.fround(stored[i]! - zeroPoints[channel]!);
  }
  return out;
}
