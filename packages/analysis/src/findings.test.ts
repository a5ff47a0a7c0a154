import { idleWork } from '@espalier/base';
import type { TensorEntry } from '@espalier/checkpoint';
import { expect, test } from 'vitest';
import { findingsFrom } from './findings.js';
import { tensorStats } from './stats/tensorStats.js';
import { float32Entry, headOf } from './testing/entries.js';

async function messages(...entries: TensorEntry[]): Promise<string[]> {
  const facts = [];
  for (const entry of entries) {
    const head = headOf(entry, entry.shape.length > 1 ? { output: [0], input: [1] } : {});
    const stats = await tensorStats(entry, head, {}, idleWork());
    if (!stats.ok) throw new Error(stats.fault.message);
    facts.push({ head, stats: stats.value });
  }
  return findingsFrom(facts).map(({ code, severity, message }) => `${code} ${severity}: ${message}`);
}

const pattern = (length: number, value: (i: number) => number): number[] => Array.from({ length }, (_, i) => value(i));

test('NaN and Inf, with the place of the first', async () => {
  const values = pattern(40, (i) => i + 1);
  values[17] = Number.NaN;
  values[20] = Number.NEGATIVE_INFINITY;
  expect(await messages(float32Entry([2, 20], values, 'head.weight'))).toEqual([
    'checkpoint/non-finite warning: 1 NaN and 1 Inf weights in head.weight, the first at [0, 17].',
  ]);
});

test('a layer of zeros, and a vector of zeros that is none', async () => {
  expect(
    await messages(
      float32Entry(
        [5, 200],
        pattern(1000, () => 0),
        'classifier.3.weight',
      ),
      float32Entry([4], [0, 0, 0, 0]),
    ),
  ).toEqual(['checkpoint/dead-layer information: All 1,000 weights of classifier.3.weight are zero.']);
});

test('dead output channels', async () => {
  const values = pattern(30, (i) => (Math.floor(i / 3) % 4 === 1 ? 0 : i + 1));
  expect(await messages(float32Entry([10, 3], values, 'fc'))).toEqual([
    'checkpoint/dead-channels warning: fc: 3 dead output channels of 10',
  ]);
});

test('2:4 that is broken in one group, but not 2:4 by sheer sparsity', async () => {
  const meant = pattern(800, (i) => (i % 4 < 2 ? 0 : 1 + i));
  meant[400] = 1;
  const sparse = pattern(800, (i) => ((i * 7919) % 101 < 85 ? 0 : 1 + i));
  expect(await messages(float32Entry([20, 40], meant, 'meant'), float32Entry([20, 40], sparse, 'sparse'))).toEqual([
    'checkpoint/pattern-broken warning: meant: 2:4 holds in 99.5 % of groups, not in all.',
  ]);
});

test('large tensors stored twice', async () => {
  const values = pattern(6400, (i) => i + 1);
  const [a, b] = [float32Entry([80, 80], values, 'a'), float32Entry([80, 80], values, 'b')];
  expect(await messages(a, b, float32Entry([40, 160], values, 'c'))).toEqual([
    'checkpoint/identical information: b holds the same 6,400 values as a, stored a second time.',
  ]);
});
