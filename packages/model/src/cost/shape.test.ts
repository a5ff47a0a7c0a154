import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { axisAt, broadcast, common, completed, elementsOf, plus, sound, times } from './shape.js';

const arbShape = fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 4 });

/** Broadcasting as its rule reads: from the last axis, equal or 1. */
function byRule(a: readonly number[], b: readonly number[]): number[] | null {
  const result: number[] = [];
  for (let back = 1; back <= Math.max(a.length, b.length); back++) {
    const [x, y] = [a.at(-back) ?? 1, b.at(-back) ?? 1];
    if (back <= a.length && back <= b.length && x !== y && x !== 1 && y !== 1) return null;
    result.unshift(back > a.length ? y : back > b.length ? x : x === 1 ? y : x);
  }
  return result;
}

describe('broadcast', () => {
  test('follows the rule, in any order', () =>
    fc.assert(
      fc.property(arbShape, arbShape, (a, b) => {
        expect(broadcast([a, b])).toEqual(byRule(a, b));
        expect(broadcast([b, a])).toEqual(byRule(a, b));
      }),
    ));

  test('what is found with unknown axes holds when they are known', () =>
    fc.assert(
      fc.property(arbShape, arbShape, fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }), (a, b, hide) => {
        const truth = byRule(a, b);
        fc.pre(truth !== null);
        const hidden = (shape: number[], from: number) => shape.map((axis, at) => (hide[from + at] ? null : axis));
        const found = broadcast([hidden(a, 0), hidden(b, 4)]);
        expect(found).toHaveLength(truth!.length);
        for (const [at, axis] of found!.entries()) expect([null, truth![at]]).toContain(axis);
      }),
    ));

  test('of nothing known is nothing', () => {
    expect(broadcast([[2, 3], null])).toBeNull();
    expect(broadcast([[2], [3]])).toBeNull();
    expect(broadcast([])).toEqual([]);
  });
});

test('products and sums are exact or unknown', () => {
  expect(times(2, 3, 4)).toBe(24);
  expect(times()).toBe(1);
  expect(times(2, null)).toBeNull();
  expect(times(2 ** 30, 2 ** 30)).toBeNull();
  expect(times(2 ** 53, 0)).toBe(0);
  expect(elementsOf([])).toBe(1);
  expect(elementsOf(null)).toBeNull();
  expect(plus(2 ** 53 - 1, 1)).toBeNull();
  expect(plus(1, null)).toBeNull();
});

test('a shape that cannot be is unknown', () => {
  expect(sound([2, -1, 0.5, Number.NaN, null, 2 ** 53])).toEqual([2, null, null, null, null, null]);
  expect(sound(new Array(40).fill(1))).toBeNull();
});

test('claims are joined and completed', () => {
  expect(common([1, 2, null], [1, 3, null])).toEqual([1, null, null]);
  expect(common([1], [1, 1])).toBeNull();
  expect(completed([1, null], [9, 2])).toEqual([1, 2]);
  expect(completed(null, [9, 2])).toEqual([9, 2]);
  expect(completed([1, null], [9, 2, 3])).toEqual([1, null]);
  expect([axisAt(-1, 3), axisAt(3, 3), axisAt(undefined, 3), axisAt(0.5, 3)]).toEqual([2, null, null, null]);
});
