import type { SweepResult } from '@espalier/protocol';
import { expect, test } from 'vitest';
import { measuresOf, seriesOf } from './series.js';

const done = (values: SweepResult['values'], series: string, zeros: number, energyKept: number): SweepResult => ({
  id: JSON.stringify(values),
  values,
  series,
  recipe: '',
  state: {
    kind: 'done',
    output: '',
    report: '',
    prunableElements: 1000,
    prunableZeros: zeros,
    energyKept,
    lowestSqnrDb: null,
    outputBytes: 4000,
    sparseBytes: 2000,
    effectiveMacs: null,
    msBefore: null,
    msAfter: null,
    accuracy: null,
    accuracyBefore: null,
    seconds: 1,
    version: '1',
  },
});

const failed = (values: SweepResult['values']): SweepResult => ({
  id: 'failed',
  values,
  series: 'random',
  recipe: '',
  state: { kind: 'failed', fault: { code: 'prune/ratio-impossible', message: 'Impossible.' } },
});

test('seeds of the same options are one point, its mean between the lowest and the highest', () => {
  const points = [
    done({ sparsity: 0.9, seed: 1 }, 'random', 900, 0.2),
    done({ sparsity: 0.9, seed: 2 }, 'random', 900, 0.4),
    done({ sparsity: 0.5, seed: 1 }, 'random', 500, 0.7),
    failed({ sparsity: 0.99, seed: 1 }),
  ];
  expect(seriesOf({ points }, 'energy')).toEqual([
    {
      name: 'random',
      points: [
        { zeros: 50, mean: 70, lowest: 70, highest: 70, runs: 1 },
        { zeros: 90, mean: expect.closeTo(30), lowest: 20, highest: 40, runs: 2 },
      ],
    },
  ]);
});

test('methods are lines of their own, and so are other options that were tried', () => {
  const points = [
    done({ method: 'magnitude', sparsity: 0.5 }, 'magnitude model', 500, 0.9),
    done({ method: 'random', sparsity: 0.5 }, 'random erk', 500, 0.5),
    done({ 'structure-2.share': 0.3, sparsity: 0.5 }, 'magnitude + regroup', 400, 0.8),
    done({ 'structure-2.share': 0.6, sparsity: 0.5 }, 'magnitude + regroup', 300, 0.7),
  ];
  expect(seriesOf({ points }, 'energy').map(({ name }) => name)).toEqual([
    'magnitude model',
    'random erk',
    'magnitude + regroup, structure-2.share 0.3',
    'magnitude + regroup, structure-2.share 0.6',
  ]);
});

test('only what is known can be shown', () => {
  const points = [done({ sparsity: 0.5 }, 'magnitude', 500, 0.9), failed({ sparsity: 0.9 })];
  expect(measuresOf({ points })).toEqual(['energy', 'size']);
  expect(seriesOf({ points }, 'accuracy')).toEqual([]);
  expect(measuresOf({ points: [failed({})] })).toEqual([]);
});
