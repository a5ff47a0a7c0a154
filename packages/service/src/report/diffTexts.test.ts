import type { StructureDiff, ValueDiff } from '@espalier/analysis';
import { expect, test } from 'vitest';
import type { CompareEnd } from '../comparisons.js';
import { diffCsv, diffMarkdown, trendCsv, trendMarkdown } from './diffTexts.js';

const structure: StructureDiff = {
  added: [{ name: 'new', dtype: 'F32', shape: [2, 3] }],
  removed: [],
  renamed: [{ before: 'old', after: 'renamed', how: 'same values' }],
  reshaped: [],
  retyped: [],
};
const end: CompareEnd = {
  structure,
  identical: false,
  totals: {
    elements: 1000,
    changed: 12,
    maskChanged: 3,
    maxAbsDelta: 0.5,
    l2Delta: 1.25,
    sparsityBefore: 0.25,
    sparsityAfter: 0.5,
    prunableSparsityBefore: null,
    prunableSparsityAfter: null,
  },
};
const diff = (name: string): ValueDiff => ({
  name,
  elements: 1000,
  changed: 12,
  maskChanged: 3,
  newZeros: 2,
  newKept: 1,
  maxAbsDelta: 0.5,
  l2Delta: 1.25,
  sparsityBefore: 0.25,
  sparsityAfter: 0.5,
  largest: [],
  histogram: { low: 0, high: 0, counts: [] },
});

test('writes the differences as Markdown: sentence, structure, table', () => {
  const text = diffMarkdown('a.npy', 'b.npy', end, [diff('fc|weight')]);
  expect(text).toContain('## a.npy → b.npy');
  expect(text).toContain('12 of 1,000 weights changed (1.2 %) · mask 3 · zero 25.0 → 50.0 %');
  expect(text).toContain('- + new  added · F32 2×3');
  expect(text).toContain('- → renamed  renamed · was old, same values');
  expect(text).toContain('| fc\\|weight | 12 | 1.2 | 2 | 1 | 25.0 | 50.0 | 0.5 |');
});

test('quotes what a spreadsheet would take for a formula', () => {
  const [head, row] = diffCsv([diff('=cmd()')]).split('\r\n');
  expect(head).toBe('layer,changed,changed %,new zeros,new kept,zero % before,after,max |Δ|');
  expect(row).toBe("'=cmd(),12,1.2,2,1,25.0,50.0,0.5");
});

test('writes a trend, with a dash where a file lacks the layer', () => {
  const layers = [{ name: 'fc', sparsity: [0, null, 0.5] }];
  expect(trendCsv(['a', 'b', 'c'], layers)).toBe('zero % of layer,a,b,c\r\nfc,0,–,50.0\r\n');
  expect(trendMarkdown(['a', 'b', 'c'], layers)).toBe(
    '| zero % of layer | a | b | c |\n|---|---|---|---|\n| fc | 0 | – | 50.0 |\n',
  );
});
