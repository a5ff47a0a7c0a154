import type { DecodedData, TensorEntry } from '@espalier/checkpoint';
import type { Values } from '@espalier/tensor';

/** The tensor with other numbers in its place, all of them at hand. */
export function withValues(entry: TensorEntry, values: Values): TensorEntry {
  const data: DecodedData = {
    kind: 'decoded',
    blockElements: Math.max(1, values.length),
    read: async (begin, count) => values.slice(begin, begin + count),
  };
  return { ...entry, data };
}
