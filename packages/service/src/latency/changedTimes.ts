import type { LayerTimes } from '@espalier/analysis';
import type { Work } from '@espalier/base';
import { type EditedTensor, entryAfter, headAfter } from '../change/edited.js';
import { layerTimes } from './layerTimes.js';

/** All layers of a report together are timed at most so long. */
const LIMIT_MS = 60_000;

/** Times of the tensors that steps changed, by name. The largest first; those for which no time is left are missing. Aborts fly. */
export async function changedTimes(
  tensors: readonly EditedTensor[],
  macs: ReadonlyMap<string, number> | null,
  now: () => number,
  work: Work,
): Promise<ReadonlyMap<string, LayerTimes>> {
  const began = now();
  const found = new Map<string, LayerTimes>();
  const changed = tensors.filter(({ steps }) => steps.length > 0).sort((a, b) => b.head.elements - a.head.elements);
  for (const [done, tensor] of changed.entries()) {
    if (now() - began > LIMIT_MS) break;
    work.progress({ done, total: changed.length, label: tensor.head.name });
    const head = headAfter(tensor);
    const own = macs?.get(head.layer) ?? null;
    const times = await layerTimes({ head, entry: entryAfter(tensor) }, { macs: own, columns: null, now }, work);
    if (typeof times !== 'string') found.set(head.name, times);
  }
  return found;
}
