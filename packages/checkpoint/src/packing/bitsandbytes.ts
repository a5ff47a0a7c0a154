import { sizeOf } from '@espalier/base';
import type { TensorEntry } from '../checkpoint.js';
import { asNumber, asRecord, isLength, own, parseJson } from '../json.js';
import { readValues } from '../values/readValues.js';
import { type PackingConfig, torchDtype } from './config.js';
import {
  expectShape,
  lazyValues,
  malformed,
  type Packing,
  type Parts,
  packedEntry,
  rowData,
  smallValues,
} from './packing.js';

/**
 * bitsandbytes NF4 and FP4: two codes in a byte, high nibble first, in C order of the logical shape; a code book of 16 values and one scale for
 * each block, itself quantized to bytes when nested. Shape and block size stand in a JSON text that is stored as a tensor.
 * Source: bitsandbytes, functional.py, QuantState.
 */
export const bitsandbytes4: Packing = {
  name: 'bitsandbytes-4bit',
  suffixes: ['.quant_state.bitsandbytes__nf4', '.quant_state.bitsandbytes__fp4'],
  async fold(base, parts, _config, signal) {
    const kind = parts.find(`${base}.quant_state.bitsandbytes__nf4`) === undefined ? 'fp4' : 'nf4';
    const stateText = parts.need(`${base}.quant_state.bitsandbytes__${kind}`);
    const codes = parts.need(base);
    const absmax = parts.need(`${base}.absmax`);
    const book = parts.need(`${base}.quant_map`);
    const state = await readState(stateText, signal);
    const elements = sizeOf(state.shape);
    if (codes.elements !== Math.ceil(elements / 2) || codes.dtype !== 'U8') {
      malformed(
        codes.name,
        'has another number of bytes than its shape needs',
        Math.ceil(elements / 2),
        codes.elements,
      );
    }
    expectShape(book, [16]);
    expectShape(absmax, [Math.ceil(elements / state.blockSize)]);
    const nested = parts.find(`${base}.nested_absmax`);
    const nestedBook = parts.find(`${base}.nested_quant_map`);
    const scaleOf = nested === undefined ? plainScales(absmax) : nestedScales(absmax, nested, nestedBook, state);
    const readBook = lazyValues(book);

    const read = async (from: number, to: number, signal?: AbortSignal): Promise<Float32Array> => {
      const [begin, end] = [from * state.blockSize, Math.min(to * state.blockSize, elements)];
      const values = await readBook(signal);
      const scales = await scaleOf(from, to, signal);
      const first = Math.floor(begin / 2);
      const bytes = await readValues(codes, first, Math.ceil(end / 2) - first, signal);
      const out = new Float32Array(end - begin);
      for (let i = begin; i < end; i++) {
        const byte = bytes[Math.floor(i / 2) - first]!;
        const code = i % 2 === 0 ? byte >> 4 : byte & 15;
        out[i - begin] = values[code]! * scales[Math.floor((i - begin) / state.blockSize)]!;
      }
      return out;
    };
    const data = rowData(elements, state.blockSize, read);
    const stored = { dtype: state.dtype, storage: `BNB-${kind.toUpperCase()}`, shape: state.shape, data };
    return packedEntry(base, stored, [codes, absmax, book, nested, nestedBook, stateText]);
  },
};

interface State {
  readonly shape: readonly number[];
  readonly blockSize: number;
  readonly dtype: 'F64' | 'F32' | 'F16' | 'BF16';
  readonly nestedBlockSize: number;
  readonly nestedOffset: number;
}

async function readState(part: TensorEntry, signal?: AbortSignal): Promise<State> {
  const text = Uint8Array.from(await smallValues(part, 65_536, signal));
  const json = asRecord(parseJson(text, part.name));
  const shape = own(json, 'shape');
  const blockSize = own(json, 'blocksize');
  if (!Array.isArray(shape) || !shape.every(isLength) || !Number.isSafeInteger(sizeOf(shape)))
    malformed(part.name, 'states no shape');
  if (!isLength(blockSize) || blockSize < 2 || blockSize > 65_536) malformed(part.name, 'states no block size');
  const nestedBlockSize = own(json, 'nested_blocksize') ?? 256;
  if (!isLength(nestedBlockSize) || nestedBlockSize < 1) malformed(part.name, 'states no nested block size');
  return {
    shape: shape as number[],
    blockSize: blockSize as number,
    dtype: (torchDtype(own(json, 'dtype')) ?? 'F32') as State['dtype'],
    nestedBlockSize: nestedBlockSize as number,
    nestedOffset: Math.fround(asNumber(own(json, 'nested_offset')) ?? 0),
  };
}

type Scales = (from: number, to: number, signal?: AbortSignal) => Promise<ArrayLike<number>>;

const plainScales =
  (absmax: TensorEntry): Scales =>
  async (from, to, signal) =>
    await readValues(absmax, from, to - from, signal);

/** Scales that are bytes: code book · scale of the scales + offset, each step in single precision. */
function nestedScales(absmax: TensorEntry, nested: TensorEntry, book: TensorEntry | undefined, state: State): Scales {
  if (book === undefined) malformed(absmax.name, 'is quantized but has no code book');
  expectShape(book!, [256]);
  expectShape(nested, [Math.ceil(absmax.elements / state.nestedBlockSize)]);
  const [readBook, readNested] = [lazyValues(book!), lazyValues(nested)];
  return async (from, to, signal) => {
    const [values, outer] = [await readBook(signal), await readNested(signal)];
    const codes = await readValues(absmax, from, to - from, signal);
    return Float32Array.from(
      codes,
      (code, i) =>
        Math.fround(values[code]! * outer[Math.floor((from + i) / state.nestedBlockSize)]!) + state.nestedOffset,
    );
  };
}

/** bitsandbytes LLM.int8: weight = code · SCB ÷ 127, one SCB for each output channel. Source: bitsandbytes, int8_vectorwise_dequant. */
export const bitsandbytes8: Packing = {
  name: 'bitsandbytes-int8',
  suffixes: ['.SCB'],
  async fold(base, parts, config) {
    const codes = parts.need(`${base}.weight`);
    const scales = parts.need(`${base}.SCB`);
    const format = parts.find(`${base}.weight_format`);
    if (codes.dtype !== 'I8' || codes.shape.length !== 2) return undefined;
    const [outputs, inputs] = codes.shape as [number, number];
    expectShape(scales, [outputs]);
    await expectRowOrder(parts, format);
    const readScales = lazyValues(scales);
    const read = async (from: number, to: number, signal?: AbortSignal): Promise<Float32Array> => {
      const scale = await readScales(signal);
      const stored = await readValues(codes, from * inputs, (to - from) * inputs, signal);
      return Float32Array.from(
        stored,
        (code, i) => Math.fround(code * scale[from + Math.floor(i / inputs)]!) * Math.fround(1 / 127),
      );
    };
    const stored = {
      dtype: logicalDtype(config),
      storage: 'BNB-INT8',
      shape: codes.shape,
      data: rowData(codes.elements, Math.max(1, inputs), read),
    };
    return packedEntry(codes.name, stored, [codes, scales, format]);
  },
};

const logicalDtype = (config: PackingConfig): 'F64' | 'F32' | 'F16' | 'BF16' => (config.dtype ?? 'F16') as 'F16';

/** Format 0 is plain rows; the others are tiled for a processor. */
async function expectRowOrder(_parts: Parts, format: TensorEntry | undefined): Promise<void> {
  if (format === undefined) return;
  const [code] = await smallValues(format, 1);
  if (code !== 0) malformed(format.name, `states the tiled layout ${code}, which is not decoded`);
}
