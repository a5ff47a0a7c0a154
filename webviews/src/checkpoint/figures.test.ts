import { describe, expect, test } from 'vitest';
import { headFor, statsFor } from '../../test/facts.js';
import { createNumbers } from '../shared/numbers.js';
import { alignedPercent } from '../shared/tensorCells.js';
import { barsOf } from './histogramView.js';
import { tableRows } from './rows.js';
import { formsOf, unitFor } from './sizes.js';
import { statisticLines } from './statistics.js';
import { summaryMarkdown } from './summary.js';
import { sizeText } from './tableView.js';
import { totals } from './totals.js';

const numbers = createNumbers('en');
const line = (lines: readonly (readonly [string, string, ...unknown[]])[], label: string) =>
  lines.find(([name]) => name === label)?.[1];

test('a size of some bytes is not written as none', () => {
  expect([0, 40, 49, 50, 7200].map((bytes) => sizeText(bytes, numbers))).toEqual(['0.0', '<0.1', '<0.1', '0.1', '7.2']);
});

describe('statistics', () => {
  test('name both kinds of zeros only where they differ', () => {
    const plain = statisticLines(headFor('w'), statsFor({ zeros: 7 }), numbers);
    expect(line(plain, 'Exact zeros')).toBeUndefined();
    const quantized = statisticLines(headFor('w'), statsFor({ zeros: 7, exactZeros: 0 }), numbers);
    expect([line(quantized, 'Zeros'), line(quantized, 'Exact zeros')]).toEqual(['7', '0']);
  });

  test('speak of dead weights only beyond the zeros', () => {
    expect(
      line(statisticLines(headFor('w'), statsFor({ zeros: 7, nearZeros: 7 }), numbers), 'Numerically dead'),
    ).toBeUndefined();
    expect(line(statisticLines(headFor('w'), statsFor({ zeros: 7, nearZeros: 9 }), numbers), 'Numerically dead')).toBe(
      '9',
    );
  });

  test('write whole numbers as such', () => {
    const stats = statsFor({ min: -6, max: 1200 });
    const whole = statisticLines(headFor('i', { dtype: 'I8' }), stats, numbers);
    expect([line(whole, 'Minimum'), line(whole, 'Maximum')]).toEqual(['−6', '+1,200']);
    const real = statisticLines(headFor('w'), stats, numbers);
    expect(line(real, 'Minimum')).toBe('−6.00');
  });

  test('leave out channels that a tensor does not have', () => {
    const bias = headFor('b', { outputChannels: null, inputChannels: null });
    const lines = statisticLines(bias, statsFor({ deadOutputChannels: null, deadInputChannels: null }), numbers);
    expect(line(lines, 'Dead outputs')).toBeUndefined();
    expect(line(lines, 'NaN, infinite')).toBe('0, 0');
  });

  test('have no figure where no value is finite', () => {
    const lines = statisticLines(headFor('w'), statsFor({ min: null, max: null, mean: null, nan: 4096 }), numbers);
    expect([line(lines, 'Minimum'), line(lines, 'Maximum'), line(lines, 'NaN, infinite')]).toEqual([
      '–',
      '–',
      '4,096, 0',
    ]);
  });
});

describe('the histogram', () => {
  const histogram = { low: -1, high: 1, counts: [10, 500, 500, 10] };
  test('takes zeros out of their bin where they were counted there', () => {
    const included = statsFor({ zeros: 400, kept: { ...statsFor().kept, count: 620 }, histogram });
    expect(barsOf(included)!.counts.reduce((sum, count) => sum + count, 0)).toBe(620);
    const apart = statsFor({ zeros: 400, kept: { ...statsFor().kept, count: 1020 }, histogram });
    expect(barsOf(apart)!.counts.reduce((sum, count) => sum + count, 0)).toBe(1020);
  });

  test('is nothing without finite values', () => expect(barsOf(statsFor({ histogram: null }))).toBeNull());
});

describe('sizes', () => {
  test('say which forms a tensor does not have', () =>
    expect(formsOf(statsFor(), numbers).map(({ bytes }) => bytes === null)).toEqual([false, true, false, false, true]));

  test.each([
    [900, 'B'],
    [16_384, 'kB'],
    [9_437_184, 'MB'],
    [2e9, 'GB'],
  ])('%d bytes are compared in %s', (bytes, unit) => expect(unitFor(bytes).unit).toBe(unit));
});

test('columns of percents stay aligned where a figure has no decimals', () => {
  const texts = [alignedPercent(0, 10, numbers), alignedPercent(10, 10, numbers), alignedPercent(5, 10, numbers)];
  expect(texts).toEqual(['0\u00a0\u00a0', '100\u00a0\u00a0', '50.0']);
});

test('the summary says what the header says', () => {
  const head = headFor('fc.weight');
  const rows = tableRows([head], new Map([['fc.weight', { head, stats: statsFor({ zeros: 2048 }) }]]), []);
  const file = {
    path: '/m',
    format: 'safetensors',
    formatLabel: 'safetensors',
    metadata: {},
    findings: [],
    files: [],
    tensors: [head],
    totals: {
      tensors: 1,
      parameters: 4096,
      bytes: 16_384,
      zeros: null,
      sparsity: null,
      prunableParameters: 4096,
      prunableZeros: null,
      prunableSparsity: null,
      readableParameters: 0,
      readablePrunable: 0,
      scannedTensors: 0,
    },
  };
  const groups = [
    {
      severity: 'warning' as const,
      code: 'x',
      findings: [{ code: 'x', severity: 'warning' as const, message: 'Odd.', tensor: 'fc.weight' }],
    },
  ];
  expect(summaryMarkdown('m.safetensors', file, totals(rows), groups, numbers)).toBe(
    '**m.safetensors** · safetensors · 4,096 parameters · 16.4 kB  \n50.0 % of prunable weights are zero, 50.0 % of all · exact\n\n- warning: `fc.weight`: Odd.\n',
  );
});
