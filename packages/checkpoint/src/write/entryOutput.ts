import type { Work } from '@espalier/base';
import { byteLength } from '@espalier/tensor';
import type { TensorEntry } from '../checkpoint.js';
import type { OutputTensor } from './output.js';
import { sourceWindows } from './sourceWindows.js';
import { valuesOutput } from './valuesOutput.js';

/** A tensor as it was read: its own bytes where they lie in the file as they are, else its values. */
export function entryOutput(entry: TensorEntry): OutputTensor {
  const { name, shape, data } = entry;
  const base = { name, shape, origin: entry, unchanged: true } as const;
  if (data.kind !== 'raw' || data.affine !== undefined) return { ...base, ...valuesOutput(entry) };
  const length = byteLength(data.dtype, entry.elements);
  const windows = (work: Work): AsyncIterable<Uint8Array> => sourceWindows(data.source, data.begin, length, work);
  return { ...base, dtype: data.dtype, byteLength: length, windows };
}
