import type { LayerTimes, Way } from '@espalier/analysis';
import { describe, expect, test } from 'vitest';
import { bridgeOf, modelLatency, timeClauses, timesSummary } from './modelTimes.js';
import { problemText, quickest, speedUpText, toLayerLatency } from './speedUp.js';

const timesOf = (sparsity: number, ways: Partial<Record<Way, number>>, more: Partial<LayerTimes> = {}): LayerTimes => ({
  rows: 64,
  inner: 128,
  columns: 49,
  columnsFrom: 'graph',
  timed: { rows: 64, columns: 49 },
  sparsity,
  ways: Object.entries(ways).map(([name, medianMs]) => ({
    name: name as Way,
    medianMs,
    lowMs: 0.9 * medianMs,
    highMs: 1.1 * medianMs,
    runs: 5,
  })),
  engine: 'WASM SIMD, 1 thread',
  ...more,
});

const SPARSE = timesOf(0.8, { dense: 10, csr: 4, 'block-4x1': 6, int8: 2 });
const STUBBORN = timesOf(0.5, { dense: 6, csr: 7, 'block-4x1': 6.5, int8: 3 });
const FULL = timesOf(0, { dense: 4, int8: 2 });

describe('a layer', () => {
  test('is quickest in a way that gives the same result', () => {
    expect([SPARSE, STUBBORN, FULL].map((times) => quickest(times).name)).toEqual(['csr', 'dense', 'dense']);
  });

  test('says every way beside dense, also the slower ones', () => {
    expect(speedUpText(SPARSE)).toBe('CSR 2.5x, 4x1 blocks 1.7x as fast as dense (10 ms), measured');
    expect(speedUpText(STUBBORN)).toBe('CSR 0.9x, 4x1 blocks 0.9x as fast as dense (6 ms), measured');
    expect(speedUpText(FULL)).toBe('no zeros to skip: 4 ms dense, measured');
  });

  test('says what product it is, and what was timed of it', () => {
    expect(problemText(SPARSE)).toBe('64×128 by 49');
    const part = timesOf(0, { dense: 1 }, { columnsFrom: 'assumed', timed: { rows: 32, columns: 8 } });
    expect(problemText(part)).toBe('64×128 by 49 (assumed), scaled from 32×128 by 8');
  });

  test('carries how each figure was obtained', () =>
    expect(toLayerLatency(FULL)).toEqual({
      problem: '64×128 by 49',
      devices: [],
      ways: ['dense', 'int8'].map((way, i) => ({
        way,
        ms: {
          value: [4, 2][i],
          how: { kind: 'measured', runs: 5, spread: expect.closeTo(0.1), baseline: 'dense f32, WASM SIMD, 1 thread' },
        },
      })),
    }));
});

describe('all layers', () => {
  const all = [SPARSE, STUBBORN, FULL];

  test('take the quickest way each', () => {
    expect(modelLatency(all)).toMatchObject({
      engine: 'Espalier kernels, WASM SIMD, 1 thread',
      per: 'ms for the products of 3 layers in one run',
      before: { value: 20, how: { kind: 'measured', runs: 5 } },
      after: { value: 14 },
    });
    expect(modelLatency([])).toBeNull();
    expect(timesSummary(all)).toBe(
      '20 ms dense → 14 ms each layer in its quickest way: 1.4x; 1.0x where a runtime computes dense',
    );
    expect(timesSummary([])).toBe('no layer is a product that could be timed');
  });

  test('lose what zeros promise on the way: in layers that stay dense, and by skipping', () => {
    const bridge = bridgeOf(all)!;
    // Ideal: 10 × 0.2 + 6 × 0.5 + 4. Left dense: 6 − 3. Skipping: 4 − 2.
    expect(bridge.map(({ kind, ms }) => [kind, Number(ms.toFixed(6))])).toEqual([
      ['end', 20],
      ['ideal', 9],
      ['loss', 3],
      ['loss', 2],
      ['end', 14],
    ]);
    expect(bridge[2]!.label).toBe('1 layer is quickest dense');
    const [, ideal, ...rest] = bridge;
    const losses = rest.filter(({ kind }) => kind === 'loss').reduce((sum, { ms }) => sum + ms, 0);
    expect(ideal!.ms + losses).toBeCloseTo(rest.at(-1)!.ms, 9);
  });

  test('without zeros have nothing to explain', () => {
    expect(bridgeOf([FULL])).toBeNull();
    expect(bridgeOf([])).toBeNull();
  });

  test('give a verdict that ends with what most runtimes do', () => {
    const text = (layers: LayerTimes[]): string =>
      timeClauses(modelLatency(layers), layers)
        .flat()
        .map((part) => part.text)
        .join('');
    expect(text(all)).toBe(
      '1.4x as fast here, 20 ms → 14 ms for the products, if 1 of 3 layers skip their zeros,1.0x where a runtime computes dense, as most do.',
    );
    expect(text([])).toMatch(/^time was not measured/);
  });
});
