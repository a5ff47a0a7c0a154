import fc from 'fast-check';
import { expect, test } from 'vitest';
import { axisTicks, niceStep } from './axisTicks.js';

test.each([
  [0.3, 1],
  [1, 1],
  [1.5, 2],
  [3, 5],
  [12, 20],
  [51, 100],
])('the nice step for %d is %d', (least, step) => expect(niceStep(least)).toBe(step));

test('labels stand at round numbers, at least so far apart, inside the window', () =>
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5000 }),
      fc.constantFrom(1, 3),
      fc.constantFrom(1 / 12, 1, 4, 16),
      fc.nat(3000),
      (groups, kernel, zoom, offset) => {
        const size = { rows: groups * kernel, columns: 1, kernelRows: kernel, kernelColumns: 1 };
        const ticks = axisTicks('rows', size, zoom, offset, 300, 24);
        for (let i = 1; i < ticks.length; i++) {
          expect(ticks[i]!.position - ticks[i - 1]!.position).toBeGreaterThanOrEqual(24 - 1e-6);
        }
        for (const { group, position } of ticks) {
          expect(group).toBeLessThan(groups);
          expect(position).toBeLessThan(300);
        }
      },
    ),
  ));

test('a matrix without rows has no labels', () =>
  expect(axisTicks('rows', { rows: 0, columns: 0, kernelRows: 1, kernelColumns: 1 }, 4, 0, 100, 24)).toEqual([]));
