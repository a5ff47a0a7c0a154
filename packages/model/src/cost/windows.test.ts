import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { positions, type reachOf, samePositions, spread } from './windows.js';

const arbWindow = fc.record({
  kernel: fc.integer({ min: 1, max: 7 }),
  stride: fc.integer({ min: 1, max: 5 }),
  dilation: fc.integer({ min: 1, max: 3 }),
  padBegin: fc.integer({ min: 0, max: 4 }),
  padEnd: fc.integer({ min: 0, max: 4 }),
});
const arbLength = fc.integer({ min: 1, max: 40 });

/** Every start of a window, tried one by one: the first cell it reads, and the last. */
function starts(
  length: number,
  { kernel, stride, dilation, padBegin }: Parameters<typeof reachOf>[0] & { stride: number; padBegin: number },
) {
  return Array.from({ length: 100 }, (_, i) => {
    const cells = Array.from({ length: kernel }, (__, k) => i * stride - padBegin + k * dilation);
    return { first: cells[0]!, last: cells.at(-1)! };
  }).filter(({ first }) => first <= length + 10);
}

describe('positions', () => {
  test('are the starts at which the whole window lies in the padded axis', () =>
    fc.assert(
      fc.property(arbLength, arbWindow, (length, window) => {
        const whole = starts(length, window).filter(({ last }) => last < length + window.padEnd).length;
        expect(positions(length, window)).toBe(whole === 0 ? null : whole);
      }),
    ));

  test('go on while cells are left over when partial windows count, except for a last one that begins in the padding behind', () =>
    fc.assert(
      fc.property(arbLength, arbWindow, (length, window) => {
        const end = length + window.padEnd;
        const all = starts(length, window);
        fc.pre(all[0]!.last < end);
        const counted = all.filter((_, i) => i === 0 || all[i - 1]!.last < end - 1);
        const expected = counted.length - (counted.at(-1)!.first >= length ? 1 : 0);
        expect(positions(length, window, true)).toBe(expected === 0 ? null : expected);
      }),
    ));

  test('of SAME padding are one for each stride that begins in the axis', () =>
    fc.assert(
      fc.property(arbLength, fc.integer({ min: 1, max: 9 }), (length, stride) => {
        let count = 0;
        for (let at = 0; at < length; at += stride) count++;
        expect(samePositions(length, stride)).toBe(count);
      }),
    ));

  test('a convolution of what a transposed one made has the length that it was made of', () =>
    fc.assert(
      fc.property(arbLength, arbWindow, (length, window) => {
        const made = spread(length, window);
        fc.pre(made !== null && made > 0);
        expect(positions(made, window)).toBe(length);
      }),
    ));

  test('odd windows have none', () => {
    const window = { kernel: 3, stride: 1, dilation: 1, padBegin: 0, padEnd: 0 };
    expect(positions(5, window)).toBe(3);
    expect(positions(5, { ...window, stride: 0 })).toBeNull();
    expect(positions(5, { ...window, kernel: -1 })).toBeNull();
    expect(positions(5, { ...window, padBegin: -9 })).toBeNull();
    expect(positions(5, { ...window, dilation: Number.NaN })).toBeNull();
    expect(positions(null, window)).toBeNull();
    expect(spread(5, { ...window, padBegin: 99 })).toBeNull();
    expect(samePositions(5, 0)).toBeNull();
  });
});
