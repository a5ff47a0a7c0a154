import { readValues, type TensorEntry } from '@espalier/checkpoint';
import type { Values } from '@espalier/tensor';
import { modeOf } from '../stats/mode.js';
import { meaningOf, readFloat32, readPatterns } from '../stats/windows.js';

/** Values as they are drawn: whatever counts as zero by the quantization is exactly 0. */
export async function displayValues(
  entry: TensorEntry,
  begin: number,
  count: number,
  signal: AbortSignal,
): Promise<Values> {
  const mode = modeOf(entry);
  if (mode.kind === 'float64') return await readValues(entry, begin, count, signal);
  if (mode.kind === 'patterns' && entry.data.kind === 'raw') {
    const words = await readPatterns(entry.data, mode.width, begin, count, signal);
    const { values, zero } = meaningOf(entry.data, mode.width);
    const drawn =
      zero === null ? values : values.map((value, pattern) => ((pattern & zero.mask) === zero.match ? 0 : value));
    const out = new Float32Array(count);
    for (let i = 0; i < count; i++) out[i] = drawn[words[i]!]!;
    return out;
  }
  const { values, alsoZero } = await readFloat32(entry, begin, count, signal);
  if (alsoZero === null) return values;
  for (let i = 0; i < count; i++) if ((alsoZero[i >> 3]! >> (i & 7)) & 1) values[i] = 0;
  return values;
}
