import { invariant, type Shape } from '@espalier/base';
import { BITS, decodeValues, type Values } from '@espalier/tensor';
import type { Affine, RawData, TensorEntry } from '../checkpoint.js';
import { stridesBelow } from './strided.js';

/**
 * Logical values `begin` to `begin + count` of a tensor in C order, whatever its storage; quantized ones are dequantized in f32 as the
 * reference tools do. For readers of companions, tests and details; the statistics read raw bytes in place.
 * The entry must have data. Faults are raised by the source.
 */
export async function readValues(
  entry: Pick<TensorEntry, 'data' | 'shape' | 'elements' | 'name'>,
  begin = 0,
  count = entry.elements - begin,
  signal?: AbortSignal,
): Promise<Values> {
  invariant(begin >= 0 && begin + count <= entry.elements, `values ${begin} + ${count} of ${entry.elements}`);
  switch (entry.data.kind) {
    case 'none':
      invariant(entry.elements === 0, `${entry.name} has no values`);
      return new Float32Array(0);
    case 'decoded':
      return await entry.data.read(begin, count, signal);
    case 'raw': {
      const values = await readRaw(entry.data, begin, count, signal);
      return entry.data.affine === undefined ? values : dequantize(values, entry.data.affine, entry.shape, begin);
    }
  }
}

/** The stored numbers, without the affine. */
export async function readRaw(data: RawData, begin: number, count: number, signal?: AbortSignal): Promise<Values> {
  const bits = BITS[data.dtype];
  // Types below a byte: begin at a whole byte, and drop the values before the first one wanted.
  const perGroup = bits === 4 ? 2 : bits === 6 ? 4 : 1;
  const from = begin - (begin % perGroup);
  const bytes = await data.source.read(
    data.begin + (from * bits) / 8,
    Math.ceil(((begin + count - from) * bits) / 8),
    signal,
  );
  const values = decodeValues(data.dtype, bytes, begin + count - from);
  return from === begin ? values : values.slice(begin - from);
}

/**
 * Stored numbers to logical ones, rounded to f32 as PyTorch, TFLite, ONNX and TensorFlow.js do. Scales in a `Float64Array` multiply in
 * double precision and are rounded once (PyTorch's per-channel tensors). `begin` is the C-order offset of the first value.
 */
export function dequantize(stored: Values, affine: Affine, shape: Shape, begin: number): Float32Array {
  const out = new Float32Array(stored.length);
  if (affine.form === 'minimum') {
    const { scale, minimum } = affine;
    // TensorFlow.js multiplies and adds in double precision; only the result is stored as f32.
    for (let i = 0; i < out.length; i++) out[i] = stored[i]! * scale + minimum;
    return out;
  }
  const { scales, zeroPoints, axis } = affine;
  const stride = axis === null ? 1 : stridesBelow(shape, axis);
  const length = axis === null ? 1 : shape[axis]!;
  for (let i = 0; i < out.length; i++) {
    const channel = axis === null ? 0 : Math.floor((begin + i) / stride) % length;
    out[i] = scales[channel]! * (stored[i]! - zeroPoints[channel]!);
  }
  return out;
}
