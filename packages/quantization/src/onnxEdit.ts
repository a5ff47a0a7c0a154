import type { Work } from '@espalier/base';
import type { OutputTensor, ReplaceByDequantize, TensorEntry } from '@espalier/checkpoint';
import { windowsOf } from './quantizeLayer.js';
import { encode, type Quantizer } from './quantizer.js';

/** Operators that know types of 4 bits. (ONNX, Operators.md, DequantizeLinear) */
const OPSET_OF_NIBBLES = 21;

/**
 * A quantized constant of an ONNX model: `DequantizeLinear` of its codes. Those of 4 bits lie two to a byte, the first in the low nibble, where the model's operators (version
 * `opset`) know them, all others one to a byte. A sentence where ONNX has no such scales: groups that do not lie along the last axis.
 */
export function dequantizeEdit(entry: TensorEntry, quantizer: Quantizer, opset: number): ReplaceByDequantize | string {
  const { cells, scales, zeros } = quantizer;
  const { granularity } = cells;
  const { name, shape } = entry;
  if (entry.dtype !== 'F32') return `its values are ${entry.dtype}, and what reads them expects that; codes give F32`;
  const signed = zeros === null;
  const axis = shape.length - 1;
  if (granularity.kind === 'group' && granularity.columns !== shape[axis])
    return 'ONNX scales blocks along an axis of the tensor; these groups span several: quantize by channel';
  const scaleShape = granularity.kind === 'group' ? [...shape.slice(0, -1), cells.shape[1]!] : cells.shape;
  const { scheme } = quantizer;
  const nibbles = scheme.kind === 'uniform' && scheme.bits === 4 && opset >= OPSET_OF_NIBBLES;
  const type = nibbles ? (signed ? 'I4' : 'U4') : signed ? 'I8' : 'U8';
  const length = nibbles ? Math.ceil(entry.elements / 2) : entry.elements;
  const codes = tensorOf(`${name}.qweight`, type, shape, length, (work) => bytesOf(entry, quantizer, nibbles, work));
  const fixed = (suffix: string, dtype: OutputTensor['dtype'], bytes: Uint8Array): OutputTensor =>
    tensorOf(`${name}.${suffix}`, dtype, scaleShape, bytes.length, async function* () {
      yield bytes;
    });
  return {
    kind: 'replace-by-dequantize',
    tensor: name,
    codes,
    scale: fixed('scales', 'F32', new Uint8Array(scales.buffer, scales.byteOffset, scales.byteLength)),
    zeroPoint: zeros === null ? null : fixed('zeros', type, nibbles ? pairs(zeros) : zeros),
    ...(granularity.kind === 'channel' ? { axis: granularity.axis } : {}),
    ...(granularity.kind === 'group' ? { axis, blockSize: granularity.size } : {}),
  };
}

const tensorOf = (
  name: string,
  dtype: OutputTensor['dtype'],
  shape: readonly number[],
  byteLength: number,
  windows: (work: Work) => AsyncIterable<Uint8Array>,
): OutputTensor => ({ name, dtype, shape, byteLength, windows });

async function* bytesOf(
  entry: TensorEntry,
  quantizer: Quantizer,
  nibbles: boolean,
  work: Work,
): AsyncGenerator<Uint8Array> {
  // Windows have an even number of elements, but for the last: pairs do not span them.
  for await (const { begin, values } of windowsOf(entry, work)) {
    const codes = new Int16Array(values.length);
    encode(quantizer, values, begin, codes);
    if (nibbles) yield pairs(codes);
    else yield new Uint8Array(quantizer.zeros === null ? Int8Array.from(codes).buffer : Uint8Array.from(codes).buffer);
  }
}

/** Two codes to a byte, in two's complement. */
function pairs(codes: ArrayLike<number>): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(codes.length / 2));
  for (let i = 0; i < codes.length; i++) bytes[i >> 1]! |= (codes[i]! & 15) << (4 * (i & 1));
  return bytes;
}
