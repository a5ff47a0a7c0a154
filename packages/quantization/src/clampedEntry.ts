import type { Work } from '@espalier/base';
import { type DecodedData, readValues, type TensorEntry } from '@espalier/checkpoint';
import type { Values } from '@espalier/tensor';
import { windowsOf } from './quantizeLayer.js';

/** The tensor with its largest finite magnitude in place of infinities, and 0 in place of NaN. Raises faults of the source. */
export async function clampedEntry(entry: TensorEntry, work: Work): Promise<TensorEntry> {
  let most = 0;
  for await (const { values } of windowsOf(entry, work)) {
    for (const value of values) {
      const size = Math.abs(value);
      if (size > most && size < Number.POSITIVE_INFINITY) most = size;
    }
  }
  const data: DecodedData = {
    kind: 'decoded',
    blockElements: entry.data.kind === 'decoded' ? entry.data.blockElements : 1,
    async read(begin, count, signal): Promise<Values> {
      const values = (await readValues(entry, begin, count, signal)).slice();
      for (let i = 0; i < values.length; i++) {
        const value = values[i]!;
        if (!Number.isFinite(value)) values[i] = Number.isNaN(value) ? 0 : Math.sign(value) * most;
      }
      return values;
    },
  };
  return { ...entry, data };
}
