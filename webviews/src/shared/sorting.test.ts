import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nextSort, sortedBy, wordFilter } from './sorting.js';

test('a head sorts down, up, and not at all; names begin upwards', () => {
  const down = nextSort(null, 'zeros');
  const up = nextSort(down, 'zeros');
  expect([down?.direction, up?.direction, nextSort(up, 'zeros')]).toEqual(['descending', 'ascending', null]);
  expect(nextSort(null, 'name')?.direction).toBe('ascending');
  expect(nextSort(up, 'size')).toEqual({ key: 'size', direction: 'descending' });
});

describe('sorted rows', () => {
  test('names count their digits', () =>
    expect(sortedBy(['layer10', 'layer9', 'layer1'], 'ascending', (name) => name)).toEqual([
      'layer1',
      'layer9',
      'layer10',
    ]));

  test('are the same rows in order, the unknown last, equal ones as they were', () =>
    fc.assert(
      fc.property(
        fc.array(fc.option(fc.integer({ min: -3, max: 3 }))),
        fc.constantFrom('ascending' as const, 'descending' as const),
        (keys, direction) => {
          const rows = keys.map((key, index) => ({ key, index }));
          const sorted = sortedBy(rows, direction, ({ key }) => key);
          expect([...sorted].sort((a, b) => a.index - b.index)).toEqual(rows);
          for (const [i, row] of sorted.entries()) {
            const before = sorted[i - 1];
            if (before === undefined) continue;
            if (before.key === null) expect(row.key).toBeNull();
            else if (row.key !== null) {
              const step = direction === 'ascending' ? row.key - before.key : before.key - row.key;
              expect(step).toBeGreaterThanOrEqual(0);
            }
            if (before.key === row.key) expect(row.index).toBeGreaterThan(before.index);
          }
        },
      ),
    ));
});

test('a filter wants every word, whatever the case', () => {
  expect(wordFilter(' Conv  F32 ')('layer1.conv1.weight f32')).toBe(true);
  expect(wordFilter('conv f16')('layer1.conv1.weight f32')).toBe(false);
  expect(wordFilter('')('anything')).toBe(true);
});
