import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sliced, sliceRange, strided, stridesOf } from './folding.js';
import { blocked, concatenated, gathered, permuted, reduced, reshaped, squeezed, unsqueezed } from './layout.js';
import { elementsOf } from './shape.js';

const arbShape = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 });

/** Elements of an array under every index, in C order. */
function* indices(shape: readonly number[]): Generator<number[]> {
  if (shape.length === 0) return void (yield []);
  for (let i = 0; i < shape[0]!; i++) for (const rest of indices(shape.slice(1))) yield [i, ...rest];
}

describe('slices', () => {
  test('are those of a loop over the axis', () =>
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 9 }),
        fc.integer({ min: -12, max: 12 }),
        fc.integer({ min: -12, max: 12 }),
        fc.integer({ min: -4, max: 4 }).filter((step) => step !== 0),
        (length, begin, end, step) => {
          // As Python's slice.indices.
          const from = begin < 0 ? begin + length : begin;
          const to = end < 0 ? end + length : end;
          const taken: number[] = [];
          for (
            let at = step > 0 ? Math.max(from, 0) : Math.min(from, length - 1);
            step > 0 ? at < Math.min(to, length) : at > Math.max(to, -1);
            at += step
          )
            if (at >= 0 && at < length) taken.push(at);
          const range = sliceRange(length, begin, end, step);
          expect(
            sliced(
              Array.from({ length }, (_, i) => i),
              range,
              step,
            ),
          ).toEqual(taken);
        },
      ),
    ));
});

describe('elements in another order', () => {
  test('a transposition has at each index what the input has at the permuted one', () =>
    fc.assert(
      fc.property(arbShape, fc.infiniteStream(fc.nat()), (shape, chance) => {
        const order = shape
          .map((_, axis) => ({ axis, key: chance.next().value }))
          .sort((a, b) => a.key - b.key)
          .map(({ axis }) => axis);
        const list = Array.from({ length: elementsOf(shape)! }, (_, i) => i);
        const turned = permuted(shape, order) as number[];
        const strides = stridesOf(shape);
        const found = strided(
          list,
          0,
          order.map((axis, at) => ({ length: turned[at]!, stride: strides[axis]! })),
        );
        const expected = [...indices(turned)].map((index) => {
          const source = shape.map((_, axis) => index[order.indexOf(axis)]!);
          return source.reduce((at, i, axis) => at + i * strides[axis]!, 0);
        });
        expect(found).toEqual(expected);
      }),
    ));
});

describe('shapes', () => {
  test('a reshape keeps the number of elements, and -1 is what is left', () =>
    fc.assert(
      fc.property(arbShape, arbShape, fc.nat(3), (from, to, open) => {
        fc.pre(open < to.length);
        const total = elementsOf(from)!;
        const rest = elementsOf(to.filter((_, at) => at !== open))!;
        const found = reshaped(
          from,
          to.map((length, at) => (at === open ? -1 : length)),
          true,
        );
        if (total % rest === 0) expect(elementsOf(found)).toBe(total);
        else expect(found![open]).toBeNull();
      }),
    ));

  test.each([
    [
      [null, 7, 7, 64],
      [0, -1],
      [null, 3136],
    ],
    [
      [2, 3, 4],
      [0, 0, -1],
      [2, 3, 4],
    ],
    [
      [2, 3, 4],
      [-1, 0],
      [8, 3],
    ],
    [
      [null, 3],
      [-1, 3],
      [null, 3],
    ],
    [
      [0, 3],
      [-1, 0],
      [0, 3],
    ],
    [
      [0, 3],
      [-1, 3, 0],
      [null, 3, null],
    ],
    [null, [2, -1], [2, null]],
    [[4], [null, 2], [null, 2]],
  ] as const)('%j reshaped to %j is %j', (x, sizes, expected) => expect(reshaped(x, sizes, true)).toEqual(expected));

  test('squeezing takes back what unsqueezing put in', () =>
    fc.assert(
      fc.property(arbShape, fc.uniqueArray(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }), (shape, axes) => {
        fc.pre(axes.every((axis) => axis < shape.length + axes.length));
        const wide = unsqueezed(shape, axes)!;
        for (const axis of axes) expect(wide[axis]).toBe(1);
        expect(axes.length === 0 ? wide : squeezed(wide, axes)).toEqual(shape);
      }),
    ));

  test('reductions keep or lose the axes', () => {
    expect(reduced([2, 3, 4], [-1, 0], true)).toEqual([1, 3, 1]);
    expect(reduced([2, 3, 4], [-1, 0], false)).toEqual([3]);
    expect(reduced([2, 3], [2], false)).toBeNull();
  });

  test('joined shapes tell each other what one leaves open', () => {
    expect(
      concatenated(
        [
          [null, 2, 5],
          [3, 4, null],
        ],
        1,
      ),
    ).toEqual([3, 6, 5]);
    expect(concatenated([[1, 2], null], -1)).toEqual([1, null]);
    expect(concatenated([[1, 2], [1]], 0)).toBeNull();
    expect(concatenated([[1]], 4)).toBeNull();
  });

  test('picked rows have the shape of their indices', () => {
    expect(gathered([5, 8], [2, 3], 0)).toEqual([2, 3, 8]);
    expect(gathered([4, 5, 8], [4, 3], 1, 1)).toEqual([4, 3, 8]);
  });

  test('blocks go back and forth', () => {
    const spread = blocked([1, 16, 3, 5], 2, true, 1, [2, 3]);
    expect(spread).toEqual([1, 4, 6, 10]);
    expect(blocked(spread, 2, false, 1, [2, 3])).toEqual([1, 16, 3, 5]);
  });
});
