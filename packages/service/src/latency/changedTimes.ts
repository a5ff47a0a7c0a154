import type { LayerTimes } from '@espalier/analysis';
import type { Work } from '@espalier/base';
import { type EditedTensor, entryAfter, headAfter } from '../change/edited.js';
import { layerTimes } from './layerTimes.js';
import { denseOf, quickest } from './speedUp.js';

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
    const isCut = head.elements < tensor.head.elements;
    const before = isCut ? await layerTimes(tensor, { macs: own, columns: null, now }, work) : null;
    if (typeof before === 'string') continue;
    const columns = before === null ? null : before.columns;
    const times = await layerTimes({ head, entry: entryAfter(tensor) }, { macs: own, columns, now }, work);
    if (typeof times !== 'string') found.set(head.name, before === null ? times : cutTimes(before, times));
  }
  return found;
}

/** A layer that lost channels: dense as it was, and as what is left of it. */
function cutTimes(before: LayerTimes, after: LayerTimes): LayerTimes {
  const weights = ({ rows, inner, groups = 1 }: LayerTimes): number => groups * rows * inner;
  return {
    ...before,
    sparsity: 1 - (weights(after) * (1 - after.sparsity)) / weights(before),
    ways: [denseOf(before), { ...quickest(after), name: 'channels-removed' }],
    channelsGone: true,
  };
}
