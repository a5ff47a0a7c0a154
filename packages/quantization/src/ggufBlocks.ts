import type { Work } from '@espalier/base';
import { type DecodedData, type OutputTensor, readValues, type TensorEntry } from '@espalier/checkpoint';
import { fromHalf, toHalf } from '@espalier/tensor';
import { windowsOf } from './quantizeLayer.js';

/** Types of blocks that are made. */
export const GGUF_TYPES = ['Q8_0', 'Q4_0'] as const;
export type GgufType = (typeof GGUF_TYPES)[number];

/** Weights of a block; they lie along the innermost axis. */
export const BLOCK_WEIGHTS = 32;
const BLOCK_BYTES: Readonly<Record<GgufType, number>> = { Q8_0: 2 + 32, Q4_0: 2 + 16 };

export const ggufBytes = (elements: number, type: GgufType): number => (elements / BLOCK_WEIGHTS) * BLOCK_BYTES[type];

/**
 * Blocks of 32 weights with a scale in half precision, as ggml makes them: Q8_0 rounds x / d with d = max|x| / 127, halves away from 0; Q4_0 takes the weight of largest
 * magnitude as −8 and cuts off x / d + 8.5. (ggml, quantize_row_q8_0_ref and quantize_row_q4_0_ref; gguf, quants.py.)
 */
export function encodeBlocks(values: Float32Array, type: GgufType): Uint8Array {
  const bytes = new Uint8Array(ggufBytes(values.length, type));
  const view = new DataView(bytes.buffer);
  const encode = type === 'Q8_0' ? encode8 : encode4;
  for (let block = 0; block * BLOCK_WEIGHTS < values.length; block++) {
    const own = values.subarray(block * BLOCK_WEIGHTS, (block + 1) * BLOCK_WEIGHTS);
    encode(own, view, block * BLOCK_BYTES[type]);
  }
  return bytes;
}

function encode8(values: Float32Array, view: DataView, at: number): void {
  const scale = Math.fround(values.reduce((most, value) => Math.max(most, Math.abs(value)), 0) / 127);
  const inverse = scale === 0 ? 0 : Math.fround(1 / scale);
  view.setUint16(at, toHalf(scale), true);
  for (const [i, value] of values.entries()) view.setInt8(at + 2 + i, roundAway(Math.fround(value * inverse)));
}

/** Nearest integer, halves away from 0. */
const roundAway = (x: number): number => Math.sign(x) * Math.floor(Math.abs(x) + 0.5);

function encode4(values: Float32Array, view: DataView, at: number): void {
  let extreme = 0;
  for (const value of values) if (Math.abs(value) > Math.abs(extreme)) extreme = value;
  const scale = Math.fround(extreme / -8);
  const inverse = scale === 0 ? 0 : Math.fround(1 / scale);
  view.setUint16(at, toHalf(scale), true);
  const code = (value: number): number => Math.min(15, Math.max(0, Math.trunc(value * inverse + 8.5)));
  for (let i = 0; i < BLOCK_WEIGHTS / 2; i++)
    view.setUint8(at + 2 + i, code(values[i]!) | (code(values[i + BLOCK_WEIGHTS / 2]!) << 4));
}

/** The weights that blocks stand for. */
export function decodeBlocks(bytes: Uint8Array, type: GgufType): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const values = new Float32Array((bytes.length / BLOCK_BYTES[type]) * BLOCK_WEIGHTS);
  for (let i = 0; i < values.length; i++) {
    const [block, place] = [Math.floor(i / BLOCK_WEIGHTS), i % BLOCK_WEIGHTS];
    const at = block * BLOCK_BYTES[type];
    const scale = fromHalf(view.getUint16(at, true));
    if (type === 'Q8_0') values[i] = scale * view.getInt8(at + 2 + place);
    else {
      const byte = view.getUint8(at + 2 + (place % 16));
      values[i] = scale * ((place < 16 ? byte & 15 : byte >> 4) - 8);
    }
  }
  return values;
}

/** Why a tensor cannot be stored in blocks; null where it can. */
export const whyNoBlocks = ({ shape }: Pick<TensorEntry, 'shape'>): string | null =>
  shape.length >= 2 && shape[shape.length - 1]! % BLOCK_WEIGHTS === 0
    ? null
    : `rows of ${shape[shape.length - 1] ?? 0} do not divide into blocks of ${BLOCK_WEIGHTS}`;

/** The tensor as blocks give it back. */
export function blocksEntry(entry: TensorEntry, type: GgufType): TensorEntry {
  const data: DecodedData = {
    kind: 'decoded',
    blockElements: 1 << 20,
    async read(begin, length, signal) {
      const first = Math.floor(begin / BLOCK_WEIGHTS) * BLOCK_WEIGHTS;
      const last = Math.min(entry.elements, Math.ceil((begin + length) / BLOCK_WEIGHTS) * BLOCK_WEIGHTS);
      const values = Float32Array.from(await readValues(entry, first, last - first, signal));
      return decodeBlocks(encodeBlocks(values, type), type).subarray(begin - first, begin - first + length);
    },
  };
  return { ...entry, dtype: 'F32', storage: type, bytes: ggufBytes(entry.elements, type), data };
}

/** The tensor for a GGUF writer. */
export const blocksOutput = (entry: TensorEntry, type: GgufType): OutputTensor => ({
  name: entry.name,
  dtype: 'F32',
  shape: entry.shape,
  byteLength: 4 * entry.elements,
  async *windows(work: Work) {
    for await (const { values } of windowsOf(entry, work)) {
      const again = decodeBlocks(encodeBlocks(Float32Array.from(values), type), type);
      yield new Uint8Array(again.buffer, again.byteOffset, again.byteLength);
    }
  },
  origin: entry,
  stored: {
    dtype: 'U8',
    blocks: type,
    byteLength: ggufBytes(entry.elements, type),
    async *windows(work: Work) {
      for await (const { values } of windowsOf(entry, work)) yield encodeBlocks(Float32Array.from(values), type);
    },
  },
});
