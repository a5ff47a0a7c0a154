import type { Fault } from '@espalier/base';
import type { ByteSource } from '@espalier/tensor';
import { brief } from '../../names.js';
import type { WeightSpec } from './manifest.js';
import type { GroupBytes } from './shards.js';
import { walkStrings } from './strings.js';

/** Where a weight's bytes are, or why nobody can tell. */
export type Place =
  | { readonly source: ByteSource; readonly begin: number; readonly bytes: number }
  | { readonly fault: Fault; readonly bytes: number };

/**
 * Gives every weight of a group its range. Weights follow each other without padding, so the offset of one is the sum of
 * all before it; texts have to be walked. Behind something of unknown length (a gap, an unknown dtype) offsets count from the end.
 */
export async function placeWeights(
  weights: readonly WeightSpec[],
  group: GroupBytes,
  file: string,
  signal?: AbortSignal,
): Promise<Place[]> {
  const places = new Array<Place | undefined>(weights.length);
  const head = group.head;
  let begin: number | null = 0;
  let stop = weights.length;
  for (const [index, weight] of weights.entries()) {
    const bytes: number | null =
      weight.stored === null
        ? null
        : weight.stored.kind === 'numbers'
          ? weight.stored.bytes
          : await walkStrings(head, begin, weight.elements, signal);
    if (bytes === null || begin + bytes > head.sizeBytes) {
      stop = index;
      break;
    }
    places[index] = { source: head, begin, bytes };
    begin += bytes;
  }
  if (stop === weights.length) return places as Place[];

  const blocker = weights[stop]!;
  const tail = group.tail ?? (group.gap === null ? head : null);
  if (tail !== null) {
    let end = tail.sizeBytes;
    const floor = tail === head ? begin : 0;
    for (let index = weights.length - 1; index > stop; index--) {
      const stored = weights[index]!.stored;
      if (stored?.kind !== 'numbers' || end - stored.bytes < floor) break;
      end -= stored.bytes;
      places[index] = { source: tail, begin: end, bytes: stored.bytes };
    }
  }
  const fault =
    blocker.fault ??
    group.gap ??
    (blocker.stored === null ? unknownLength(blocker, file, begin) : shortText(blocker, file, begin, head.sizeBytes));
  return weights.map(
    (weight, index) => places[index] ?? { fault, bytes: weight.stored?.kind === 'numbers' ? weight.stored.bytes : 0 },
  );
}

const unknownLength = (weight: WeightSpec, file: string, offset: number): Fault => ({
  code: 'checkpoint/unknown-dtype',
  file,
  offset,
  found: weight.storage,
  message: `The weight ${brief(weight.name)} is stored as ${brief(weight.storage)}, whose length is not known, so nothing behind it can be found.`,
});

const shortText = (weight: WeightSpec, file: string, offset: number, size: number): Fault => ({
  code: 'checkpoint/truncated',
  file,
  offset,
  found: size,
  message: `The weight ${brief(weight.name)} begins at byte ${offset} and runs past the end of its shards at ${size}.`,
});
