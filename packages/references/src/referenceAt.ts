import type { CheckpointReference, LayerReference, References } from './reference.js';

/** The reference under an offset; its ends count as inside. Paths go before layers, short ranges before long ones. */
export function referenceAt(references: References, offset: number): CheckpointReference | LayerReference | null {
  return narrowest(references.checkpoints, offset) ?? narrowest(references.layers, offset);
}

function narrowest<T extends { readonly begin: number; readonly end: number }>(
  list: readonly T[],
  offset: number,
): T | null {
  let best: T | null = null;
  for (const reference of list) {
    if (reference.begin > offset) break;
    if (offset <= reference.end && (best === null || reference.end - reference.begin < best.end - best.begin))
      best = reference;
  }
  return best;
}
