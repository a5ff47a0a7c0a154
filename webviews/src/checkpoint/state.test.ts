import type { FileHead, PageStart, ScanEnd, TensorHead } from '@espalier/protocol';
import { describe, expect, test } from 'vitest';
import { findingFor, headFor, statsFor } from '../../test/facts.js';
import { type Action, initialState, reduce, remembered, type State } from './state.js';

const START: PageStart = { kind: 'checkpoint', paths: ['/a'], names: ['a'], locale: 'en', scanAutomatically: true };

const head = (tensors: readonly TensorHead[], findings: FileHead['findings'] = []): FileHead => ({
  path: '/a',
  format: 'safetensors',
  formatLabel: 'safetensors',
  metadata: {},
  findings,
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

const THREE = [headFor('a'), headFor('b', { elements: 9000 }), headFor('c')];
const end = (findings: ScanEnd['findings'] = []): ScanEnd => ({ totals: head(THREE).totals, findings, sampled: false });
const after = (...actions: Action[]): State => actions.reduce(reduce, initialState);
const opened = (at = 0): Action[] => [
  { type: 'started', start: START, recalled: {} },
  { type: 'opened', head: head(THREE), at },
];

describe('what is opened first', () => {
  test('the largest weight', () => expect(after(...opened()).selected).toBe('b'));

  test('the tensor that the editor asked for', () => {
    const state = after(
      { type: 'started', start: { ...START, select: 'c' }, recalled: {} },
      { type: 'opened', head: head(THREE), at: 0 },
    );
    expect(state.selected).toBe('c');
  });

  test('the tensor that was open when the tab was last shown, but not one that is gone', () => {
    const back = (selected: string) =>
      after({ type: 'started', start: START, recalled: { selected } }, { type: 'opened', head: head(THREE), at: 0 })
        .selected;
    expect(back('a')).toBe('a');
    expect(back('gone')).toBe('b');
  });

  test('the one with the worst finding, if the values come while nobody has begun to read', () => {
    const found = end([findingFor('information', 'a'), findingFor('warning', 'c')]);
    expect(
      after(...opened(1000), { type: 'scan-started' }, { type: 'scan-ended', end: found, at: 1900 }).selected,
    ).toBe('c');
    expect(
      after(...opened(1000), { type: 'scan-started' }, { type: 'scan-ended', end: found, at: 9500 }).selected,
    ).toBe('b');
    // Reading a larger file for the first time takes seconds; whoever waits for it has not begun to read.
    expect(
      after(...opened(1000), { type: 'scan-started' }, { type: 'scan-ended', end: found, at: 6000 }).selected,
    ).toBe('c');
    expect(
      after(
        ...opened(1000),
        { type: 'touched' },
        { type: 'scan-started' },
        { type: 'scan-ended', end: found, at: 1900 },
      ).selected,
    ).toBe('b');
  });

  test('never another once the person has chosen', () => {
    const found = end([findingFor('warning', 'c')]);
    const state = after(
      ...opened(),
      { type: 'select', tensor: 'a' },
      { type: 'scan-started' },
      { type: 'scan-ended', end: found, at: 10 },
    );
    expect(state.selected).toBe('a');
  });
});

describe('reading values', () => {
  const facts = (name: string): Action => ({
    type: 'scan-item',
    item: {
      kind: 'facts',
      facts: [{ head: headFor(name), stats: statsFor() }],
      findings: [findingFor('warning', name)],
    },
  });

  test('facts and findings gather', () => {
    const state = after(...opened(), { type: 'scan-started' }, facts('a'), facts('c'));
    expect([...state.facts.keys()]).toEqual(['a', 'c']);
    expect(state.findings).toHaveLength(2);
  });

  test('what was read stays after a stop, and reading can go on', () => {
    const stopped = after(...opened(), { type: 'scan-started' }, facts('a'), { type: 'scan-stopped' });
    expect(stopped.scan.kind).toBe('stopped');
    expect(stopped.facts.size).toBe(1);
    expect(reduce(stopped, { type: 'scan-started' }).facts.size).toBe(1);
  });

  test('a stop or a failure after the end changes nothing', () => {
    const done = after(...opened(), { type: 'scan-started' }, { type: 'scan-ended', end: end(), at: 1 });
    expect(reduce(done, { type: 'scan-stopped' })).toBe(done);
    expect(reduce(done, { type: 'scan-failed', fault: { code: 'x', message: 'y' } })).toBe(done);
  });

  test('a server that goes away leaves its fault beside the figures', () => {
    const state = after(...opened(), { type: 'scan-started' }, facts('a'), {
      type: 'scan-failed',
      fault: { code: 'server/gone', message: 'The server stopped.' },
    });
    expect(state.scan).toMatchObject({ kind: 'failed', fault: { code: 'server/gone' } });
    expect(state.facts.size).toBe(1);
  });
});

describe('a file that changed', () => {
  test('keeps its figures until it is opened again; then they go, and the selection stays', () => {
    const state = after(
      ...opened(),
      { type: 'select', tensor: 'a' },
      { type: 'scan-started' },
      { type: 'scan-ended', end: end(), at: 1 },
    );
    const news = reduce(state, { type: 'file-changed', at: 5, deleted: false });
    expect(news.news).toEqual({ kind: 'changed', at: 5 });
    expect(news.scan.kind).toBe('done');
    const again = reduce(news, { type: 'opened', head: head(THREE), at: 6 });
    expect(again).toMatchObject({ news: null, selected: 'a', scan: { kind: 'none' } });
    expect(again.facts.size).toBe(0);
  });

  test('says when it was deleted', () =>
    expect(after(...opened(), { type: 'file-changed', at: 5, deleted: true }).news).toEqual({
      kind: 'deleted',
      at: 5,
    }));
});

test('pictures become tables together and pictures again', () => {
  const mixed = after({ type: 'twin', pictures: ['strip'] });
  const all = reduce(mixed, { type: 'twin', pictures: ['strip', 'sizes'] });
  expect([...all.asTable].sort()).toEqual(['sizes', 'strip']);
  expect(reduce(all, { type: 'twin', pictures: ['strip', 'sizes'] }).asTable.size).toBe(0);
});

test('a stored width counts only if it makes sense', () => {
  const split = (value: unknown) =>
    after({ type: 'started', start: { ...START, stored: { split: value } }, recalled: {} }).split;
  expect(split(0.4)).toBe(0.4);
  expect([split(7), split('wide'), split(undefined)]).toEqual([0.58, 0.58, 0.58]);
});

test('only what a person chose is remembered', () => {
  expect(remembered(after(...opened())).selected).toBeNull();
  expect(remembered(after(...opened(), { type: 'select', tensor: 'a' })).selected).toBe('a');
});
