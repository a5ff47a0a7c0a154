import { seeded } from '@espalier/base';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isKept, maskOf } from '../mask.js';
import { answerOf, bitsOf, layerOf, runMethod, work } from '../testing/layers.js';

const normal = (count: number, seed: number): number[] => {
  const rng = seeded(seed);
  return Array.from({ length: count }, () => rng.normal());
};

/** A layer whose channels i mod 4 use the inputs of their own group, and little else. */
function grouped(outputs: number, inputs: number, seed: number): number[] {
  const rng = seeded(seed);
  return Array.from({ length: outputs * inputs }, (_, i) => {
    const own = Math.floor(i / inputs) % 4 === Math.floor((4 * (i % inputs)) / inputs);
    return rng.normal() * (own ? 1 : 0.1);
  });
}

test('prune, then re-group: dense blocks of the values from before the mask', async () => {
  const values = grouped(128, 64, 1);
  const layer = layerOf({ shape: [128, 64], values });
  const [first] = await bitsOf('magnitude', [layer], { sparsity: 0.8 });
  const { masks, notes } = await answerOf('regroup', [{ ...layer, mask: first! }]);
  const mask = masks.get('layer.weight')!;
  expect(mask.kept).toBe(128 * 16);
  // 1,638 weights were left: round-half-even(0.2 × 8,192).
  const inside = values.filter(
    (_, i) => isKept(first!, i) && Math.floor(i / 64) % 4 === Math.floor((i % 64) / 16),
  ).length;
  expect(first!.kept).toBe(1638);
  expect(notes).toEqual([
    {
      code: 'regroup/grouped',
      severity: 'information',
      tensor: 'layer.weight',
      message:
        'layer.weight: 4 blocks of 32 channels. Density 0.200 → 0.250; ' +
        `${Math.round(inside / 16.38)} % of the weights that were left lie inside and fill ${Math.round(inside / 20.48)} % of the blocks. ` +
        'Channels in file order: 0 % at density 0.000.',
    },
  ]);
});

test('without a mask what is not zero is grouped, in whatever layout', async () => {
  const values = grouped(64, 32, 2).map((value) => (Math.abs(value) < 0.3 ? 0 : value));
  const axes = { output: [1], input: [0], kernel: [] };
  const turned = Array.from({ length: values.length }, (_, i) => values[(i % 64) * 32 + Math.floor(i / 64)]!);
  const [rows] = await bitsOf('regroup', [layerOf({ shape: [64, 32], values })], { groups: 4 });
  const [columns] = await bitsOf('regroup', [layerOf({ shape: [32, 64], values: turned, axes })], { groups: 4 });
  expect(rows!.kept).toBeGreaterThan(0);
  for (let i = 0; i < values.length; i++)
    expect(isKept(columns!, (i % 32) * 64 + Math.floor(i / 32))).toBe(isKept(rows!, i));
});

test('NaN is never dropped, wherever it lies', () =>
  fc.assert(
    fc.asyncProperty(fc.nat(), fc.constantFrom('paper', 'compat', 'compat-inference'), async (seed, mode) => {
      const rng = seeded(seed);
      const values = grouped(48, 40, seed).map((value) => (rng.next() < 0.02 ? Number.NaN : value));
      const layer = layerOf({ shape: [48, 40], values });
      const [first] = await bitsOf('magnitude', [layer], { sparsity: 0.7 });
      const masked = { ...layer, mask: first! };
      const [mask] = await bitsOf('regroup', [masked], { mode, rows: 4, groups: 4 });
      const { notes } = await answerOf('regroup', [masked], { mode, rows: 4, groups: 4 });
      if (mask === undefined) return;
      for (const [i, value] of values.entries()) if (Number.isNaN(value)) expect(isKept(mask, i)).toBe(true);
      expect(notes.some(({ code }) => code === 'prune/nan-kept')).toBe(values.some(Number.isNaN));
    }),
    { numRuns: 30 },
  ));

describe('what cannot be grouped is said', () => {
  const layer = layerOf({ shape: [16, 64], values: normal(1024, 1) });

  test('too few channels for the released code: the mask stays', async () => {
    const mask = maskOf(1024, (i) => i % 3 === 0);
    const { masks, notes } = await answerOf('regroup', [{ ...layer, mask }], { mode: 'compat' });
    expect([...masks]).toEqual([]);
    expect(notes).toMatchObject([{ code: 'regroup/no-block', severity: 'warning', tensor: 'layer.weight' }]);
  });

  test('its other routine makes such a layer dense', async () => {
    const mask = maskOf(1024, (i) => i % 3 === 0);
    const { masks, notes } = await answerOf('regroup', [{ ...layer, mask }], { mode: 'compat-inference' });
    expect(masks.get('layer.weight')!.kept).toBe(1024);
    expect(notes[0]!.message).toMatch(/the whole layer becomes dense/);
  });

  test('channels that are lost', async () => {
    // 12 channels with eight inputs in common, and four that are like none of the others.
    const mask = maskOf(1024, (i) => {
      const [row, column] = [Math.floor(i / 64), i % 64];
      return row < 12 ? column < 16 : column === 20 + row;
    });
    const { notes } = await answerOf('regroup', [{ ...layer, mask }], { groups: 2, imbalance: 0.5 });
    expect(notes.map(({ code }) => code)).toEqual(['regroup/grouped', 'regroup/rows-lost']);
    expect(notes[1]!.message).toBe('layer.weight: 4 channels with weights lie in no block and would be empty.');
  });

  test('grouped and depthwise convolutions, whose columns mean other inputs in every group', async () => {
    const values = normal(64 * 8 * 9, 1);
    for (const spec of [{ axes: { groups: 4 } }, { role: 'depthwise-conv' as const }]) {
      const { masks, notes } = await answerOf('regroup', [layerOf({ shape: [64, 8, 3, 3], values, ...spec })]);
      expect([...masks]).toEqual([]);
      expect(notes.map(({ code }) => code)).toEqual(['regroup/no-shared-inputs']);
    }
  });

  test('empty layers, and no layers', async () => {
    expect((await answerOf('regroup', [])).notes).toEqual([]);
    expect((await answerOf('regroup', [layerOf({ shape: [0, 8] })])).notes).toEqual([]);
    expect((await answerOf('regroup', [layerOf({ shape: [8, 8] })])).notes[0]!.code).toBe('regroup/no-block');
  });
});

test('an abort ends it', async () => {
  const control = new AbortController();
  const layer = layerOf({ shape: [512, 256], values: normal(512 * 256, 1) });
  const running = runMethod('regroup', [layer], {}, { work: { ...work, signal: control.signal } });
  control.abort();
  await expect(running).rejects.toThrow(/abort/i);
});
