import { createHash } from 'node:crypto';
import { readValues, type TensorEntry } from '@espalier/checkpoint';
import type { Values } from '@espalier/tensor';
import type { GoldenTensor } from './golden.js';

/** All logical values of an entry in C order, dequantized. Of an entry without data: an empty array. */
export async function readAll(entry: TensorEntry): Promise<Values> {
  if (entry.data.kind === 'none') return new Float32Array(0);
  return await readValues(entry);
}

/**
 * SHA-256 as golden files state it: decoded values in C order, little-endian, every NaN the quiet one. Complex tensors as re, im, re, im;
 * those must be stored raw.
 */
export async function digestOf(entry: TensorEntry, as: 'f32' | 'f64'): Promise<string> {
  const parts = complexParts(entry);
  return sha256(await readAll(parts ?? entry), as);
}

/** The same of values at hand. */
export function sha256(values: Values, as: 'f32' | 'f64'): string {
  const typed = as === 'f64' ? Float64Array.from(values) : Float32Array.from(values);
  const bytes = new Uint8Array(typed.buffer);
  const view = new DataView(typed.buffer);
  for (let i = 0; i < typed.length; i++) {
    if (!Number.isNaN(typed[i])) continue;
    if (as === 'f64') view.setBigUint64(8 * i, 0x7ff8000000000000n, true);
    else view.setUint32(4 * i, 0x7fc00000, true);
  }
  return createHash('sha256').update(bytes).digest('hex');
}

/** A complex tensor as a real one with twice the elements, if its data is raw. */
function complexParts(entry: TensorEntry): TensorEntry | undefined {
  if (entry.data.kind !== 'raw') return undefined;
  const half = entry.data.dtype === 'C64' ? 'F32' : entry.data.dtype === 'C128' ? 'F64' : undefined;
  if (half === undefined) return undefined;
  const elements = 2 * entry.elements;
  return { ...entry, dtype: half, elements, shape: [...entry.shape, 2], data: { ...entry.data, dtype: half } };
}

/** What a golden tensor and an entry can both say, for one `toEqual`. The digest is of decoded values. */
export interface Comparable {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly elements: number;
  readonly sha256: string;
  readonly bytes?: number;
  readonly alias?: string;
}

/** The facts of an entry that the golden tensor states too. */
export async function comparable(entry: TensorEntry, golden: GoldenTensor): Promise<Comparable> {
  return {
    name: entry.name,
    dtype: entry.dtype,
    shape: [...entry.shape],
    elements: entry.elements,
    sha256: await digestOf(entry, golden.digest.as),
    ...(golden.bytes === undefined ? {} : { bytes: entry.bytes }),
    ...(golden.alias === undefined ? {} : { alias: entry.sharesStorageWith }),
  } as Comparable;
}

/** The same facts as the golden file states them. */
export const expected = (golden: GoldenTensor): Comparable => ({
  name: golden.name,
  dtype: golden.dtype,
  shape: [...golden.shape],
  elements: golden.elements,
  sha256: golden.digest.sha256,
  ...(golden.bytes === undefined ? {} : { bytes: golden.bytes }),
  ...(golden.alias === undefined ? {} : { alias: golden.alias }),
});
