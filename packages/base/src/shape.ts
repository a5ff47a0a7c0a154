/** Sizes of the axes, outermost first. `[]` is a scalar with one element. */
export type Shape = readonly number[];

/** Number of elements. */
export const sizeOf = (shape: Shape): number => shape.reduce((product, length) => product * length, 1);

/** Strides in elements of a contiguous array in C order. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis]!;
  }
  return strides;
}

/** Coordinates of the element at a C-order offset. */
export function unravel(offset: number, shape: Shape): number[] {
  const index = new Array<number>(shape.length);
  let rest = offset;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    index[axis] = rest % shape[axis]!;
    rest = Math.floor(rest / shape[axis]!);
  }
  return index;
}

/** `64×3×7×7`; a scalar is `scalar`. */
export const shapeText = (shape: Shape): string => (shape.length === 0 ? 'scalar' : shape.join('×'));
