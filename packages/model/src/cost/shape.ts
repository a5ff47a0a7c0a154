/** Length of an axis; null is unknown. */
export type Axis = number | null;

/** A shape as far as it is known: null for an unknown rank, a null axis for an unknown length. */
export type PartialShape = readonly Axis[] | null;

/** A shape of more axes than this is no shape of a network: it is unknown. */
export const MAX_RANK = 32;

/** Product of lengths; null when one is unknown or the product is too large to be exact. */
export function times(...lengths: readonly Axis[]): number | null {
  let product = 1;
  for (const length of lengths) {
    if (length === null) return null;
    product *= length;
  }
  return Number.isSafeInteger(product) && product >= 0 ? product : null;
}

/** Elements of a shape that is known in full and countable; else null. A scalar has one. */
export function elementsOf(shape: PartialShape): number | null {
  return shape === null ? null : times(...shape);
}

/** Sum of lengths; null when one is unknown. */
export function plus(...lengths: readonly Axis[]): number | null {
  let sum = 0;
  for (const length of lengths) {
    if (length === null) return null;
    sum += length;
  }
  return Number.isSafeInteger(sum) ? sum : null;
}

/** The shape if it can be one: few axes, lengths that are whole and not negative. Lengths that cannot be are unknown. */
export function sound(shape: PartialShape): PartialShape {
  if (shape === null || shape.length > MAX_RANK) return null;
  if (shape.every(isSound)) return shape;
  return shape.map((axis) => (isSound(axis) ? axis : null));
}

const isSound = (axis: Axis): boolean => axis === null || (Number.isSafeInteger(axis) && axis >= 0);

/** An axis counted from the end when negative; null where the shape has no such axis. */
export function axisAt(axis: number | undefined, rank: number): number | null {
  if (axis === undefined) return null;
  const at = axis < 0 ? axis + rank : axis;
  return Number.isInteger(at) && at >= 0 && at < rank ? at : null;
}

/** The axes counted from the end when negative; null where one is not there. */
export function axesAt(axes: readonly number[], rank: number): ReadonlySet<number> | null {
  const found = new Set<number>();
  for (const axis of axes) {
    const at = axisAt(axis, rank);
    if (at === null) return null;
    found.add(at);
  }
  return found;
}

/** Trailing axes are matched; axes of length 1 stretch. null: unknown, or the shapes do not go together. */
export function broadcast(shapes: readonly PartialShape[]): PartialShape {
  let rank = 0;
  for (const shape of shapes) {
    if (shape === null) return null;
    rank = Math.max(rank, shape.length);
  }
  const joint: Axis[] = new Array<Axis>(rank).fill(1);
  for (const shape of shapes as readonly (readonly Axis[])[]) {
    for (const [at, length] of shape.entries()) {
      const axis = at + rank - shape.length;
      const before = joint[axis]!;
      if (length === 1 || length === before) continue;
      if (before === 1) joint[axis] = length;
      // A known length decides against an unknown one, which has to be the same or 1.
      else if (before === null) joint[axis] = length;
      else if (length !== null) return null;
    }
  }
  return joint;
}

/** What two claims of one value have in common. */
export function common(a: PartialShape, b: PartialShape): PartialShape {
  if (a === null || b === null || a.length !== b.length) return null;
  return a.map((length, axis) => (length === b[axis] ? length : null));
}

/** `first`, and `second` for what it leaves open. */
export function completed(first: PartialShape, second: PartialShape): PartialShape {
  if (first === null) return second;
  if (second === null || second.length !== first.length || !first.includes(null)) return first;
  return first.map((length, axis) => length ?? second[axis]!);
}

export const isEqual = (a: PartialShape, b: PartialShape): boolean =>
  a === b || (a !== null && b !== null && a.length === b.length && a.every((length, axis) => length === b[axis]));

/** A list with one item replaced. */
export const withAxis = (shape: readonly Axis[], at: number, length: Axis): Axis[] =>
  shape.map((axis, index) => (index === at ? length : axis));
