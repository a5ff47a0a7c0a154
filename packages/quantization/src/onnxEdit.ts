import type { Work } from '@espalier/base';
import type { OutputTensor, ReplaceByDequantize, TensorEntry } from '@espalier/checkpoint';
import { windowsOf } from './quantizeLayer.js';
import { encode, type Quantizer } from './quantizer.js';

/**
 * A quantized constant of an ONNX model: `DequantizeLinear` of its codes, one to a byte. A sentence where ONNX has no such scales: groups that do not lie along the last
 * axis.
 */
export function dequantizeEdit(entry: TensorEntry, quantizer: Quantizer): ReplaceByDequantize | string {
  const { cells, scales, zeros } = quantizer;
  const { granularity } = cells;
  const { name, shape } = entry;
  if (entry.dtype !== 'F32') return `its values are ${entry.dtype}, and what reads them expects that; codes give F32`;
  const signed = zeros === null;
  const axis = shape.length - 1;
  if (granularity.kind === 'group' && granularity.columns !== shape[axis])
    return 'ONNX scales blocks along an axis of the tensor; these groups span several: quantize by channel';
  const scaleShape = granularity.kind === 'group' ? [...shape.slice(0, -1), cells.shape[1]!] : cells.shape;
  const codes = tensorOf(`${name}.qweight`, signed ? 'I8' : 'U8', shape, entry.elements, (work) =>
    bytesOf(entry, quantizer, work),
  );
  const fixed = (suffix: string, dtype: 'F32' | 'U8', bytes: Uint8Array): OutputTensor =>
    tensorOf(`${name}.${suffix}`, dtype, scaleShape, bytes.length, async function* () {
      yield bytes;
    });
  return {
    kind: 'replace-by-dequantize',
    tensor: name,
    codes,
    scale: fixed('scales', 'F32', new Uint8Array(scales.buffer, scales.byteOffset, scales.byteLength)),
    zeroPoint: zeros === null ? null : fixed('zeros', 'U8', zeros),
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

async function* bytesOf(entry: TensorEntry, quantizer: Quantizer, work: Work): AsyncGenerator<Uint8Array> {
  for await (const { begin, values } of windowsOf(entry, work)) {
    const codes = new Int16Array(values.length);
    encode(quantizer, values, begin, codes);
    yield new Uint8Array(quantizer.zeros === null ? Int8Array.from(codes).buffer : Uint8Array.from(codes).buffer);
  }
}
