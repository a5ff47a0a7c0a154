import type { Work } from '@espalier/base';
import type { OutputTensor, TensorEntry } from '@espalier/checkpoint';
import { toHalf } from '@espalier/tensor';
import type { Granularity } from './cells.js';
import { packedRowBytes, packRows, storedBits } from './pack.js';
import { WINDOW_ELEMENTS, windowsOf } from './quantizeLayer.js';
import { encode, type Quantizer } from './quantizer.js';

/** Codes of a tensor, and what turns them into numbers again, as tensors of their own. */
export interface PackedOutputs {
  /** `W.qweight`, `W.scales`, and `W.zeros` where there are zero points. */
  readonly tensors: readonly OutputTensor[];
  /** The text for the key `quant.W` of the metadata. */
  readonly description: string;
}

/**
 * A quantized tensor for containers of named tensors (specification of the quantization engine, section 7): codes as I8 (symmetric, 5 to 8 bits) or U8, those of fewer than 8 bits
 * packed by rows, symmetric ones as q + 2^(b−1); scales as F32 or F16. A row is what one index of the first axis holds.
 */
export function packedOutputs(entry: TensorEntry, quantizer: Quantizer): PackedOutputs {
  const { scheme, cells, scales, scaleType, zeros } = quantizer;
  const { name, shape } = entry;
  const bits = scheme.kind === 'binary' ? 1 : scheme.bits;
  const rows = shape.length < 2 ? 1 : shape[0]!;
  const columns = rows === 0 ? 0 : entry.elements / rows;
  const packed = storedBits(bits) < 8;
  const signed = scheme.kind === 'uniform' && scheme.symmetric && bits >= 5;
  const rowBytes = packedRowBytes(columns, bits);
  const codes: OutputTensor = {
    name: `${name}.qweight`,
    dtype: signed ? 'I8' : 'U8',
    shape: packed ? [rows, rowBytes] : shape,
    byteLength: rows * rowBytes,
    windows: (work) => codeWindows(entry, quantizer, { bits, columns, signed }, work),
  };
  const tensors = [
    codes,
    bytesOutput(
      `${name}.scales`,
      scaleType,
      cells.shape,
      scaleType === 'F16' ? Uint16Array.from(scales, toHalf) : scales,
    ),
    ...(zeros === null ? [] : [bytesOutput(`${name}.zeros`, 'U8', cells.shape, zeros)]),
  ];
  return { tensors, description: JSON.stringify(descriptionOf(quantizer, bits, shape)) };
}

/** Bytes of codes, scales and zero points together. */
export const packedBytes = ({ tensors }: PackedOutputs): number =>
  tensors.reduce((sum, { byteLength }) => sum + byteLength, 0);

function descriptionOf({ scheme, cells }: Quantizer, bits: number, shape: readonly number[]): Record<string, unknown> {
  const { granularity } = cells;
  return {
    scheme: scheme.name,
    bits,
    granularity: granularity.kind,
    ...axisAndGroup(granularity),
    shape,
    // Values are divided in double precision, halves go to the even code.
    rounding: 'rne-f64',
  };
}

function axisAndGroup(granularity: Granularity): Record<string, number> {
  if (granularity.kind === 'channel') return { axis: granularity.axis };
  return granularity.kind === 'group' ? { groupSize: granularity.size } : {};
}

function bytesOutput(
  name: string,
  dtype: 'F32' | 'F16' | 'U8',
  shape: readonly number[],
  values: Float32Array | Uint16Array | Uint8Array,
): OutputTensor {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  return {
    name,
    dtype,
    shape,
    byteLength: bytes.length,
    async *windows() {
      yield bytes;
    },
  };
}

/** Whole rows at a time, so that packed bytes do not span windows. */
async function* codeWindows(
  entry: TensorEntry,
  quantizer: Quantizer,
  { bits, columns, signed }: { readonly bits: number; readonly columns: number; readonly signed: boolean },
  work: Work,
): AsyncGenerator<Uint8Array> {
  const length = Math.max(1, Math.floor(WINDOW_ELEMENTS / Math.max(1, columns))) * Math.max(1, columns);
  for await (const { begin, values } of windowsOf(entry, work, length)) {
    const codes = new Int16Array(values.length);
    encode(quantizer, values, begin, codes);
    if (signed) yield new Uint8Array(Int8Array.from(codes).buffer);
    else yield packRows(unsigned(codes, quantizer), columns, bits);
  }
}

/** Codes as they are packed: signs as 0 and 1, symmetric codes from 0 on. */
function unsigned(codes: Int16Array, { scheme, zeros }: Quantizer): Int16Array {
  if (scheme.kind === 'binary') return codes.map((code) => (code > 0 ? 1 : 0));
  if (zeros !== null) return codes;
  const shift = 2 ** (scheme.bits - 1);
  return codes.map((code) => code + shift);
}
