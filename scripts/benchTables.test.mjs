import { expect, test } from 'vitest';
import { cellsOf, documentOf, printed, tablesOf } from './benchTables.mjs';

const row = {
  name: 'one pass',
  median: 6.934,
  unit: 'GB/s',
  spread: [6.1, 7.25],
  cpuMs: 310.4,
  ratio: { to: 'C', value: 0.664, target: 0.65 },
};

test('a row as texts', () => {
  expect(cellsOf(row)).toEqual(['one pass', '6.93 GB/s', '6.10 – 7.25', '310 ms', 'C', '0.66x', '0.65x reached']);
  expect(cellsOf({ name: 'x', median: 120, unit: 'MB', ratio: { to: '100 MB', value: 0.83, target: 1 } }).at(-1)).toBe(
    '1x missed',
  );
});

test('plain rows with limits become a table', () => {
  const [table] = tablesOf('open.bench.ts', [{ name: 'a', medianMs: 50, minMs: 40, maxMs: 60, limitMs: 100 }]);
  expect(table).toMatchObject({ title: 'Open', rows: [{ median: 50, unit: 'ms', ratio: { value: 2, target: 1 } }] });
});

test('tables for the terminal and for the documentation', () => {
  const table = { title: 'Statistics', notes: ['2 GiB.'], rows: [row] };
  expect(printed(table)).toContain('one pass  6.93 GB/s');
  expect(documentOf(['a machine'], [table])).toContain(
    '| one pass | 6.93 GB/s | 6.10 – 7.25 | 310 ms | C | 0.66x | 0.65x reached |',
  );
});
