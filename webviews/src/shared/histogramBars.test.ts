import fc from 'fast-check';
import { expect, test } from 'vitest';
import { barRange, histogramBars } from './histogramBars.js';

const bins = fc.record({
  low: fc.double({ min: -10, max: 0, noNaN: true }),
  high: fc.double({ min: 0.001, max: 10, noNaN: true }),
  counts: fc.array(fc.nat(1000), { minLength: 1, maxLength: 256 }),
});

test('no value is lost, whatever is put together', () =>
  fc.assert(
    fc.property(bins, fc.integer({ min: 1, max: 80 }), (made, most) => {
      const bars = histogramBars(made, 7, false, most);
      const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0);
      expect(sum(bars.counts)).toBe(sum(made.counts));
      expect(bars.counts.length).toBeLessThanOrEqual(most);
      expect(bars.apart).toBe(7);
      expect(bars.low).toBeGreaterThanOrEqual(made.low - 1e-9);
      expect(bars.high).toBeLessThanOrEqual(made.high + 1e-9);
    }),
  ));

test('exact zeros are taken out of the bin that counted them', () => {
  const bars = histogramBars({ low: -1, high: 1, counts: [5, 105, 100, 5] }, 100, true, 4);
  expect(bars.counts).toEqual([5, 105, 0, 5]);
  expect(bars.zeroPlace).toBe(0.5);
});

test('thin tails gather in the end bars, and say so', () => {
  const counts = new Array<number>(100).fill(0);
  counts[0] = 1;
  for (let i = 40; i < 60; i++) counts[i] = 1000;
  counts[99] = 2;
  const bars = histogramBars({ low: -5, high: 5, counts }, 0, false, 50);
  expect([bars.under, bars.over]).toEqual([true, true]);
  expect(bars.low).toBeCloseTo(-1, 9);
  expect(bars.high).toBeCloseTo(1, 9);
  expect(bars.counts[0]).toBe(1001);
  expect(bars.counts.at(-1)).toBe(1002);
  expect(barRange(bars, 0)[0]).toBeCloseTo(-1, 9);
});

test('a single value is one bar', () => {
  const bars = histogramBars({ low: 3, high: 3, counts: [4] }, 0, false, 50);
  expect(bars.counts).toEqual([4]);
  expect(bars.zeroPlace).toBeNull();
});
