/** A shape as far as it is known: null for an unknown rank, a null axis for an unknown length. */
export type PartialShape = readonly (number | null)[] | null;

/** Elements of a shape that is known in full and countable; else null. A scalar has one. */
export function elementsOf(shape: PartialShape): number | null {
  if (shape === null) return null;
  let elements = 1;
  for (const length of shape) {
    if (length === null || length < 0) return null;
    elements *= length;
  }
  return Number.isSafeInteger(elements) ? elements : null;
}
