import fc from 'fast-check';
import { expect, test } from 'vitest';
import { rowWindow, scrollToRow, visibleRows } from './virtualRows.js';

const position = fc.record({
  count: fc.integer({ min: 0, max: 100_000 }),
  scrollTop: fc.integer({ min: 0, max: 2_200_000 }),
  viewHeight: fc.integer({ min: 0, max: 2000 }),
});

test('every row that is seen is drawn, and only some tens more', () =>
  fc.assert(
    fc.property(position, ({ count, scrollTop, viewHeight }) => {
      const drawn = rowWindow(count, 22, scrollTop, viewHeight);
      const seen = visibleRows(count, 22, scrollTop, viewHeight);
      expect(drawn.first).toBeLessThanOrEqual(seen.first);
      expect(drawn.end).toBeGreaterThanOrEqual(seen.end);
      expect(drawn.end).toBeLessThanOrEqual(count);
      expect(drawn.end - drawn.first).toBeLessThanOrEqual(viewHeight / 22 + 18);
    }),
  ));

test('a row that was scrolled to is in view', () =>
  fc.assert(
    fc.property(
      fc.nat(5000),
      fc.nat(110_000),
      fc.integer({ min: 22, max: 900 }),
      fc.option(fc.double({ min: 0, max: 0.8, noNaN: true })),
      (row, scrollTop, viewHeight, lead) => {
        const to = scrollToRow(row, 22, scrollTop, viewHeight, lead ?? undefined);
        if (lead !== null && viewHeight < 150) return;
        expect(to).toBeLessThanOrEqual(row * 22);
        expect(to + viewHeight).toBeGreaterThanOrEqual(row * 22 + 22);
      },
    ),
  ));

test('a row in view does not move the list', () => expect(scrollToRow(3, 22, 40, 100)).toBe(40));
