import { type Axis, axesAt, axisAt, elementsOf, type PartialShape, plus, times, withAxis } from './shape.js';

/** `sizes` with one −1 for what is left, and 0 for the axis of the input at the same place unless zeros are meant. null in `sizes` is unknown. */
export function reshaped(x: PartialShape, sizes: readonly Axis[] | undefined, zeroCopies: boolean): PartialShape {
  if (sizes === undefined) return null;
  const target = sizes.map((size, axis): Axis => (size === 0 && zeroCopies ? (x?.[axis] ?? null) : size));
  const open = target.indexOf(-1);
  if (open < 0) return target;
  // One unknown axis that is copied on both sides cancels out.
  const cancelled = x === null ? null : x.filter((length, axis) => !(length === null && sizes[axis] === 0));
  const kept = target.filter((_, axis) => axis !== open && !(x?.[axis] === null && sizes[axis] === 0));
  const total = elementsOf(cancelled);
  const known = elementsOf(kept);
  if (total === null || known === null || known === 0 || total % known !== 0) return withAxis(target, open, null);
  return withAxis(target, open, total / known);
}

export function permuted(x: PartialShape, order: readonly number[] | undefined): PartialShape {
  if (x === null) return order === undefined ? null : order.map(() => null);
  if (order === undefined || order.length !== x.length) return null;
  const found = order.map((axis) => axisAt(axis, x.length));
  return new Set(found).size === x.length && !found.includes(null) ? found.map((axis) => x[axis!]!) : null;
}

/** Joined along one axis; the others are the same, so that one that is known tells the others. */
export function concatenated(shapes: readonly PartialShape[], axis: number | undefined): PartialShape {
  const first = shapes.find((shape) => shape !== null);
  if (first === undefined || first === null) return null;
  const at = axisAt(axis, first.length);
  if (at === null) return null;
  const joint: Axis[] = [...first];
  let length: Axis = 0;
  for (const shape of shapes) {
    if (shape !== null && shape.length !== first.length) return null;
    length = shape === null ? null : plus(length, shape[at]!);
    if (shape !== null) for (const [i, own] of shape.entries()) if (i !== at) joint[i] ??= own;
  }
  joint[at] = length;
  return joint;
}

/** Axes of length 1 taken out: those named, else all that are 1. */
export function squeezed(x: PartialShape, axes: readonly number[] | undefined): PartialShape {
  if (x === null) return null;
  if (axes === undefined || axes.length === 0) return x.includes(null) ? null : x.filter((length) => length !== 1);
  const gone = axesAt(axes, x.length);
  return gone === null ? null : x.filter((_, axis) => !gone.has(axis));
}

/** Axes of length 1 put in, at their places in the output. */
export function unsqueezed(x: PartialShape, axes: readonly number[] | undefined): PartialShape {
  if (x === null || axes === undefined || axes.length > 64) return null;
  const rank = x.length + axes.length;
  const added = axesAt(axes, rank);
  if (added === null || added.size !== axes.length) return null;
  let next = 0;
  return Array.from({ length: rank }, (_, axis) => (added.has(axis) ? 1 : x[next++]!));
}

/** Reduced to 1 along the axes, or without them. */
export function reduced(x: PartialShape, axes: readonly number[], keep: boolean): PartialShape {
  if (x === null) return null;
  const gone = axesAt(axes, x.length);
  if (gone === null) return null;
  return keep ? x.map((length, axis) => (gone.has(axis) ? 1 : length)) : x.filter((_, axis) => !gone.has(axis));
}

/** Longer by the pads before and behind each axis; negative ones crop. */
export function padded(x: PartialShape, before: readonly Axis[], behind: readonly Axis[]): PartialShape {
  if (x === null || before.length !== x.length || behind.length !== x.length) return null;
  return x.map((length, axis) => plus(length, before[axis]!, behind[axis]!));
}

export function tiled(x: PartialShape, repeats: readonly Axis[] | undefined): PartialShape {
  if (x === null || repeats === undefined || repeats.length !== x.length) return null;
  return x.map((length, axis) => times(length, repeats[axis]!));
}

/** Rows of `x` along `axis` picked by `indices`; the first `batch` axes are common to both. */
export function gathered(x: PartialShape, indices: PartialShape, axis: number, batch = 0): PartialShape {
  if (x === null || indices === null) return null;
  const at = axisAt(axis, x.length);
  if (at === null || batch > at || batch > indices.length) return null;
  return [...x.slice(0, at), ...indices.slice(batch), ...x.slice(at + 1)];
}

/** Slices of `x` picked by the vectors in the last axis of `indices`. */
export function gatheredND(x: PartialShape, indices: PartialShape, batch: number): PartialShape {
  const depth = indices?.at(-1) ?? null;
  if (x === null || indices === null || depth === null || batch + depth > x.length) return null;
  return [...indices.slice(0, -1), ...x.slice(batch + depth)];
}

/** Blocks of channels become space, or the other way round, at the axes given. */
export function blocked(
  x: PartialShape,
  block: number,
  toSpace: boolean,
  channels: number,
  spatial: readonly number[],
): PartialShape {
  if (x === null || x.length !== spatial.length + 2 || !(block >= 1)) return null;
  const area = block ** spatial.length;
  return x.map((length, axis) => {
    if (length === null) return null;
    if (axis === channels) return toSpace ? Math.floor(length / area) : length * area;
    if (!spatial.includes(axis)) return length;
    return toSpace ? length * block : Math.floor(length / block);
  });
}
