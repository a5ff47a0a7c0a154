import type { TensorFacts } from '@espalier/protocol';
import { describe, expect, test } from 'vitest';
import { findingFor, headFor, statsFor } from '../../test/facts.js';
import { allFindings, findingsByTensor, groupFindings, spokenFinding, worstTensor } from './findings.js';
import { countRows, shownRows, tableRows } from './rows.js';
import { totals } from './totals.js';

const FAULT = { code: 'checkpoint/truncated', message: 'The file ends early.' };
const HEADS = [
  headFor('layer1.conv.weight', { elements: 1000, storage: 'F16' }),
  headFor('layer1.conv.bias', { prunable: false, role: 'bias', elements: 10, shape: [10] }),
  headFor('layer2.conv.weight', { elements: 3000 }),
  headFor('broken.weight', { elements: 500 }),
  headFor('words', { prunable: false, role: 'text', elements: 6, noValues: { why: 'text' } }),
];
const FACTS = new Map<string, TensorFacts>([
  ['layer1.conv.weight', { head: HEADS[0]!, stats: statsFor({ zeros: 250, deadOutputChannels: 2 }) }],
  ['layer1.conv.bias', { head: HEADS[1]!, stats: statsFor({ zeros: 10, deadOutputChannels: null }) }],
  ['layer2.conv.weight', { head: HEADS[2]!, stats: statsFor({ zeros: 2700, deadOutputChannels: 9 }) }],
  ['broken.weight', { head: HEADS[3]!, fault: FAULT }],
]);
const FINDINGS = [findingFor('warning', 'layer2.conv.weight')];
const rows = tableRows(HEADS, FACTS, allFindings([], FINDINGS, HEADS, FACTS));
const names = (list: readonly { head: { name: string } }[]) => list.map(({ head }) => head.name);

describe('findings', () => {
  test('come worst first, each once; a tensor that cannot be read is one', () => {
    const twice = allFindings(FINDINGS, [...FINDINGS, findingFor('information', 'x')], HEADS, FACTS);
    expect(twice.map(({ severity, tensor }) => `${severity} ${tensor}`)).toEqual([
      'error broken.weight',
      'warning layer2.conv.weight',
      'information x',
    ]);
  });

  test('a fault that the engine spoke of already is not said twice', () => {
    const spoken = { ...findingFor('error', 'broken.weight'), message: 'Values end 12 bytes early.' };
    expect(allFindings([], [spoken], HEADS, FACTS)).toHaveLength(1);
  });

  test('gather by code and severity; those of the whole file stay alone', () => {
    const groups = groupFindings([
      findingFor('warning', 'a', 'checkpoint/x'),
      findingFor('warning', 'b', 'checkpoint/x'),
      findingFor('information', 'c', 'checkpoint/x'),
      findingFor('warning', undefined, 'checkpoint/y'),
      findingFor('warning', undefined, 'checkpoint/y'),
    ]);
    expect(groups.map(({ findings }) => findings.length)).toEqual([2, 1, 1, 1]);
  });

  test('are found by tensor', () => {
    expect(findingsByTensor(FINDINGS).get('layer2.conv.weight')).toHaveLength(1);
    expect(findingsByTensor([findingFor('error')]).size).toBe(0);
  });

  test('name their tensor exactly once', () => {
    const spoken = (message: string) => spokenFinding({ ...findingFor('error', 'fc.weight'), message });
    expect(spoken('3 NaN.')).toEqual({ name: 'fc.weight', text: '3 NaN.' });
    expect(spoken('fc.weight: 3 NaN.')).toEqual({ name: 'fc.weight', text: '3 NaN.' });
    expect(spoken('3 NaN in fc.weight.')).toEqual({ name: null, text: '3 NaN in fc.weight.' });
  });

  test('lead to the worst tensor, the larger among equals', () => {
    const both = [findingFor('warning', 'layer1.conv.weight'), findingFor('warning', 'layer2.conv.weight')];
    expect(worstTensor(both, HEADS)).toBe('layer2.conv.weight');
    expect(worstTensor([...both, findingFor('error', 'broken.weight')], HEADS)).toBe('broken.weight');
    expect(worstTensor([], HEADS)).toBe('layer2.conv.weight');
    expect(worstTensor([], [])).toBeNull();
  });
});

describe('the table', () => {
  test('knows what each row can show', () =>
    expect(rows.map(({ values }) => values.kind)).toEqual(['read', 'read', 'read', 'fault', 'none']));

  test('counts what each choice would show', () =>
    expect(countRows(rows)).toEqual({ all: 5, prunable: 3, findings: 2 }));

  test('filters by every word, in name, type and pattern', () => {
    expect(names(shownRows(rows, 'layer1 weight', 'all', null))).toEqual(['layer1.conv.weight']);
    expect(names(shownRows(rows, 'F16', 'all', null))).toEqual(['layer1.conv.weight']);
    expect(names(shownRows(rows, 'LAYER2', 'prunable', null))).toEqual(['layer2.conv.weight']);
    expect(shownRows(rows, 'nothing', 'all', null)).toEqual([]);
    expect(names(shownRows(rows, '', 'findings', null))).toEqual(['layer2.conv.weight', 'broken.weight']);
  });

  test('sorts, and puts what is not known last in both directions', () => {
    const by = (key: string, direction: 'ascending' | 'descending') =>
      names(shownRows(rows, '', 'all', { key, direction }));
    expect(by('zeros', 'descending')).toEqual([
      'layer1.conv.bias',
      'layer2.conv.weight',
      'layer1.conv.weight',
      'broken.weight',
      'words',
    ]);
    expect(by('zeros', 'ascending')).toEqual([
      'layer1.conv.weight',
      'layer2.conv.weight',
      'layer1.conv.bias',
      'broken.weight',
      'words',
    ]);
    expect(by('dead', 'descending').slice(0, 2)).toEqual(['layer2.conv.weight', 'layer1.conv.weight']);
    expect(by('parameters', 'ascending')[0]).toBe('words');
  });

  test('sorts names as people count, and equal keys by their place in the file', () => {
    const numbered = tableRows(
      ['b10', 'b9', 'a'].map((name) => headFor(name)),
      new Map(),
      [],
    );
    expect(names(shownRows(numbered, '', 'all', { key: 'name', direction: 'ascending' }))).toEqual(['a', 'b9', 'b10']);
    expect(names(shownRows(numbered, '', 'all', { key: 'parameters', direction: 'descending' }))).toEqual([
      'b10',
      'b9',
      'a',
    ]);
  });
});

describe('totals', () => {
  test('are sums of what was read, and say what is missing', () => {
    const sums = totals(rows);
    expect(sums).toMatchObject({
      valued: 4,
      read: 3,
      layers: 3,
      layersRead: 2,
      faulty: 1,
      obtained: { kind: 'exact' },
    });
    expect(sums.ofPrunable).toEqual({ zeros: 2950, elements: 4000 });
    expect(sums.ofAll).toEqual({ zeros: 2960, elements: 4010 });
  });

  test('count shared bytes once', () => {
    const tied = headFor('tied.weight', { elements: 3000, sharesStorageWith: 'layer2.conv.weight' });
    const facts = new Map(FACTS).set('tied.weight', { head: tied, stats: statsFor({ zeros: 2700 }) });
    expect(totals(tableRows([...HEADS, tied], facts, [])).ofAll).toEqual({ zeros: 2960, elements: 4010 });
  });

  test('carry the error of samples, less the more of it is exact', () => {
    const sampled = statsFor({ zeros: 1500, obtained: { kind: 'sampled', share: 0.02, error: 0.01, seed: 5 } });
    const facts = new Map(FACTS).set('layer2.conv.weight', { head: HEADS[2]!, stats: sampled });
    const { obtained } = totals(tableRows(HEADS, facts, []));
    expect(obtained.kind).toBe('sampled');
    expect(obtained.kind === 'sampled' && obtained.error).toBeCloseTo(0.01 * (3000 / 4010), 9);
    expect(obtained.kind === 'sampled' && obtained.share).toBeCloseTo((0.02 * 3000 + 1010) / 4010, 9);
  });
});
