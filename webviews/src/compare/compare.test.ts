import type { CompareTotals, FileHead, PageStart, StructureDiff, TensorHead, ValueDiff } from '@espalier/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { headFor } from '../../test/facts.js';
import { createNumbers } from '../shared/numbers.js';
import { comparisonLines } from './detailView.js';
import { countRows, pairs, points, shownRows, stripStep } from './rows.js';
import { type Action, initialState, reduce, remembered, type State } from './state.js';
import { structureCounts, structureRows } from './structure.js';
import { deltaText } from './tableView.js';
import { initialTrend, lineRuns, reduceTrend, shownLayers, trendChange, withoutCommonEnding } from './trendState.js';

const numbers = createNumbers('en');
const NOTHING: StructureDiff = { added: [], removed: [], renamed: [], reshaped: [], retyped: [] };

const diffFor = (name: string, more: Partial<ValueDiff> = {}): ValueDiff => ({
  name,
  elements: 1000,
  changed: 0,
  maskChanged: 0,
  newZeros: 0,
  newKept: 0,
  zeroInBoth: 500,
  keptInBoth: 500,
  maxAbsDelta: 0,
  l2Delta: 0,
  l2Before: 10,
  l2After: 10,
  sparsityBefore: 0.5,
  sparsityAfter: 0.5,
  largest: [],
  histogram: null,
  ...more,
});

const fileHead = (tensors: readonly TensorHead[]): FileHead => ({
  path: '/f',
  format: 'safetensors',
  formatLabel: 'safetensors',
  metadata: {},
  findings: [],
  files: [],
  tensors,
  totals: {
    tensors: tensors.length,
    parameters: 0,
    bytes: 0,
    zeros: null,
    sparsity: null,
    prunableParameters: 0,
    prunableZeros: null,
    prunableSparsity: null,
    readableParameters: 0,
    readablePrunable: 0,
    scannedTensors: 0,
  },
});

const BEFORE = [
  headFor('a.weight'),
  headFor('b.weight'),
  headFor('old.weight'),
  headFor('gone.weight'),
  headFor('n.bias', { prunable: false }),
];
const AFTER = [
  headFor('a.weight'),
  headFor('b.weight', { shape: [48, 64] }),
  headFor('new.weight'),
  headFor('added.weight'),
  headFor('n.bias', { prunable: false }),
];
const STRUCTURE: StructureDiff = {
  ...NOTHING,
  added: [AFTER[3]!],
  removed: [BEFORE[3]!],
  renamed: [{ before: 'old.weight', after: 'new.weight', how: 'values identical' }],
  reshaped: [{ name: 'b.weight', before: [64, 64], after: [48, 64] }],
};
const VALUES = new Map([
  ['a.weight', diffFor('a.weight', { changed: 300, newZeros: 100, sparsityAfter: 0.6, maxAbsDelta: 0.1 })],
  ['b.weight', diffFor('b.weight', { changed: 10, newKept: 10, sparsityAfter: 0.49, maxAbsDelta: 0.2 })],
  ['new.weight', diffFor('new.weight')],
]);
const rows = pairs(BEFORE, AFTER, STRUCTURE, VALUES);
const names = (list: readonly { head: { name: string } }[]) => list.map(({ head }) => head.name);

describe('pairs', () => {
  test('are tensors that both files have, by name or by rename', () => {
    expect(names(rows)).toEqual(['a.weight', 'b.weight', 'new.weight', 'n.bias']);
    expect(rows.map(({ before }) => before.name)).toEqual(['a.weight', 'b.weight', 'old.weight', 'n.bias']);
    expect(rows.map(({ reshaped }) => reshaped)).toEqual([false, true, false, false]);
  });

  test('stay where they are while values are compared, and are told apart when it is done', () => {
    expect(names(shownRows(rows, '', 'changed', null, true))).toEqual(['a.weight', 'b.weight', 'new.weight']);
    expect(names(shownRows(rows, '', 'changed', null, false))).toEqual(['a.weight', 'b.weight']);
    expect(names(shownRows(rows, '', 'same', null, false))).toEqual(['new.weight']);
    expect(countRows(rows, false)).toEqual({ changed: 2, others: 0, same: 1, all: 4 });
  });

  test('are found by the earlier name too', () =>
    expect(names(shownRows(rows, 'old', 'all', null, false))).toEqual(['new.weight']));

  test('sort with the unknown last', () => {
    const by = (key: string, direction: 'ascending' | 'descending') =>
      names(shownRows(rows, '', 'all', { key, direction }, false));
    expect(by('delta', 'descending')).toEqual(['b.weight', 'a.weight', 'new.weight', 'n.bias']);
    expect(by('zeros', 'ascending')).toEqual(['b.weight', 'new.weight', 'a.weight', 'n.bias']);
  });

  test('have a common scale of points', () => {
    expect(rows.map((row) => points(row)?.toFixed(6) ?? null)).toEqual(['10.000000', '-1.000000', '0.000000', null]);
    expect(stripStep(rows.slice(1))).toBe(1);
    expect(stripStep([])).toBe(1);
  });
});

describe('structure', () => {
  test('is told in order, and reshapes of one module together', () => {
    const diff: StructureDiff = {
      ...STRUCTURE,
      reshaped: [
        { name: 'l.bn1.weight', before: [512], after: [384] },
        { name: 'l.bn1.bias', before: [512], after: [384] },
        { name: 'l.bn2.bias', before: [512], after: [256] },
      ],
      retyped: [{ name: 'a.weight', before: 'F32', after: 'F16' }],
    };
    expect(structureRows(diff).map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      'added added.weight',
      'removed gone.weight',
      'renamed new.weight',
      'reshaped l.bn1.{weight, bias}',
      'reshaped l.bn2.bias',
      'retyped a.weight',
    ]);
    expect(structureCounts(diff)).toEqual({ added: 1, removed: 1, renamed: 1, reshaped: 3, retyped: 1 });
  });
});

describe('the state', () => {
  const START: PageStart = {
    kind: 'compare',
    paths: ['/a', '/b'],
    names: ['a', 'b'],
    locale: 'en',
    scanAutomatically: true,
  };
  const TOTALS: CompareTotals = {
    elements: 0,
    changed: 0,
    maskChanged: 0,
    maxAbsDelta: 0,
    l2Delta: 0,
    sparsityBefore: null,
    sparsityAfter: null,
    prunableSparsityBefore: null,
    prunableSparsityAfter: null,
  };
  const opened: Action[] = [
    { type: 'started', start: START, recalled: {} },
    { type: 'opened', before: fileHead(BEFORE), after: fileHead(AFTER), structure: NOTHING },
  ];
  const after = (...actions: Action[]): State => actions.reduce(reduce, initialState);

  test('opens the first weight that differs, and leaves a choice alone', () => {
    const values: Action = {
      type: 'values',
      values: [diffFor('a.weight'), diffFor('n.bias', { changed: 5 }), diffFor('b.weight', { changed: 5 })],
    };
    expect(after(...opened, values).selected).toBe('b.weight');
    expect(after(...opened, { type: 'select', tensor: 'n.bias' }, values).selected).toBe('n.bias');
  });

  test('opens another tensor only if no weight differs, and nothing if none does', () => {
    const done: Action = { type: 'scan-ended', end: { structure: STRUCTURE, totals: TOTALS, identical: false } };
    expect(after(...opened, { type: 'values', values: [diffFor('n.bias', { changed: 5 })] }, done).selected).toBe(
      'n.bias',
    );
    expect(after(...opened, { type: 'values', values: [diffFor('n.bias')] }, done).selected).toBeNull();
  });

  test('learns renames at the end', () => {
    const state = after(...opened, {
      type: 'scan-ended',
      end: { structure: STRUCTURE, totals: TOTALS, identical: false },
    });
    expect(state.files).toMatchObject({ structure: { renamed: [{ after: 'new.weight' }] } });
  });

  test('keeps what was compared after a stop', () => {
    const state = after(
      ...opened,
      { type: 'scan-started' },
      { type: 'values', values: [diffFor('a.weight')] },
      { type: 'scan-stopped' },
    );
    expect([state.scan.kind, state.values.size]).toEqual(['stopped', 1]);
    expect(reduce(state, { type: 'scan-stopped' })).toBe(state);
  });

  test('starts anew after a change of a file, and remembers only choices', () => {
    const state = after(
      ...opened,
      { type: 'values', values: [diffFor('b.weight', { changed: 1 })] },
      { type: 'file-changed', path: '/b', at: 3, deleted: false },
    );
    expect(state.news).toEqual({ path: '/b', at: 3, deleted: false });
    expect(remembered(state).selected).toBeNull();
    expect(reduce(state, opened[1]!)).toMatchObject({ news: null, scan: { kind: 'none' } });
  });
});

describe('figures', () => {
  test('add up', () => {
    const diff = diffFor('a', {
      newZeros: 30,
      newKept: 10,
      zeroInBoth: 480,
      keptInBoth: 480,
      changed: 40,
      l2Delta: 2,
      maxAbsDelta: 0.25,
    });
    const lines = new Map(comparisonLines(diff, numbers).map(([label, ...figures]) => [label, figures]));
    expect(lines.get('Zeros')).toEqual(['490', '510', '+20']);
    expect(lines.get('Zeros, %')).toEqual(['49.0', '51.0', '+2.0']);
    expect(lines.get('Kept')).toEqual(['510', '490', '−20']);
    expect(lines.get('|Δ| / |w|, L2')).toEqual(['', '', '0.200']);
    expect(lines.get('Max |Δ|')).toEqual(['', '', '0.2500']);
  });

  test('a difference from nothing has no relative size', () => {
    const lines = comparisonLines(diffFor('a', { l2Before: 0, l2Delta: 1 }), numbers);
    expect(lines.find(([label]) => label === '|Δ| / |w|, L2')?.[3]).toBe('–');
  });

  test.each([
    [0, '0'],
    [0.0363, '0.0363'],
    [0.00001, '1.00e−5'],
    [12_345, '12,345'],
  ])('a largest difference of %d is written %s', (delta, text) => expect(deltaText(delta, numbers)).toBe(text));
});

describe('a trend', () => {
  const layers = [
    { name: 'a', sparsity: [0, 0.5, 0.9] },
    { name: 'b10', sparsity: [null, 0.2, 0.1] },
    { name: 'b9', sparsity: [null, null, 0.4] },
  ];

  test('is the change between the first and the last checkpoint that have the layer', () =>
    expect(layers.map((layer) => trendChange(layer)?.toFixed(1) ?? null)).toEqual(['90.0', '-10.0', null]));

  test('sorts by name, checkpoint and change', () => {
    const by = (key: string, direction: 'ascending' | 'descending') =>
      shownLayers(layers, '', { key, direction }).map(({ name }) => name);
    expect(by('name', 'ascending')).toEqual(['a', 'b9', 'b10']);
    expect(by('file 2', 'descending')).toEqual(['a', 'b9', 'b10']);
    expect(by('change', 'ascending')).toEqual(['b10', 'a', 'b9']);
    expect(shownLayers(layers, 'B9', null).map(({ name }) => name)).toEqual(['b9']);
  });

  test('is drawn from the left to the right edge, broken where a checkpoint lacks the layer', () => {
    expect(lineRuns([0, 1], 100, 50)).toEqual([
      [
        [0, 50],
        [100, 0],
      ],
    ]);
    expect(lineRuns([0, null, 1], 100, 50)).toEqual([[[0, 50]], [[100, 0]]]);
    fc.assert(
      fc.property(fc.array(fc.option(fc.double({ min: 0, max: 1, noNaN: true })), { maxLength: 30 }), (sparsity) => {
        const drawn = lineRuns(sparsity, 80, 20).flat();
        expect(drawn).toHaveLength(sparsity.filter((share) => share !== null).length);
        for (const [x, y] of drawn) {
          expect(x).toBeGreaterThanOrEqual(0);
          expect(x).toBeLessThanOrEqual(80 + 1e-9);
          expect(y).toBeGreaterThanOrEqual(0);
          expect(y).toBeLessThanOrEqual(20);
        }
      }),
    );
  });

  test('fills, fails and is asked for again', () => {
    const failed = reduceTrend(initialTrend, { type: 'failed', fault: { code: 'x', message: 'y' } });
    expect(failed.answer.kind).toBe('failed');
    expect(reduceTrend(failed, { type: 'asked' }).answer.kind).toBe('asking');
    expect(reduceTrend(failed, { type: 'answered', layers }).answer).toEqual({ kind: 'there', layers });
  });

  test('names its columns by what tells the files apart', () => {
    expect(withoutCommonEnding(['a.pt', 'b.pt'])).toEqual(['a', 'b']);
    expect(withoutCommonEnding(['a.pt', 'b.onnx'])).toEqual(['a.pt', 'b.onnx']);
    expect(withoutCommonEnding(['a', 'b'])).toEqual(['a', 'b']);
    expect(withoutCommonEnding([])).toEqual([]);
  });
});
