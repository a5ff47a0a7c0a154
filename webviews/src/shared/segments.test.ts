import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MIN_SEGMENT_WIDTH, segments, stages } from './segments.js';

const layersOf = (weights: readonly number[]) => weights.map((weight, i) => ({ name: `layer${i}.weight`, weight }));

describe('segments', () => {
  test('are as wide as their weights', () => {
    expect(segments(layersOf([1, 2, 1]), 402).map(({ x, width }) => [x, width])).toEqual([
      [0, 100],
      [101, 200],
      [302, 100],
    ]);
  });

  test('never go below the minimum; the others give', () => {
    const [small, large] = segments(layersOf([1, 999]), 101);
    expect(small!.width).toBe(MIN_SEGMENT_WIDTH);
    expect(large!.width).toBe(97);
  });

  test('one layer takes everything, none takes nothing', () => {
    expect(segments(layersOf([7]), 300)).toEqual([{ x: 0, width: 300, first: 0, last: 0 }]);
    expect(segments([], 300)).toEqual([]);
  });

  test('cover every layer once, in order, inside the width, each at least the minimum', () =>
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 1e9 }), { minLength: 1, maxLength: 900 }),
        fc.integer({ min: 3, max: 2000 }),
        (weights, width) => {
          const made = segments(layersOf(weights), width);
          expect(made[0]!.first).toBe(0);
          expect(made.at(-1)!.last).toBe(weights.length - 1);
          for (let i = 1; i < made.length; i++) {
            expect(made[i]!.first).toBe(made[i - 1]!.last + 1);
            expect(made[i]!.x).toBeCloseTo(made[i - 1]!.x + made[i - 1]!.width + 1, 6);
          }
          for (const piece of made) expect(piece.width).toBeGreaterThanOrEqual(MIN_SEGMENT_WIDTH - 1e-6);
          const last = made.at(-1)!;
          expect(last.x + last.width).toBeCloseTo(width, 6);
        },
      ),
    ));

  test('a layer heavier than the rest stands alone among thousands', () => {
    const weights = new Array<number>(2000).fill(1);
    weights[1000] = 1e6;
    const piece = segments(layersOf(weights), 1248).find(({ first, last }) => first <= 1000 && last >= 1000)!;
    expect([piece.first, piece.last]).toEqual([1000, 1000]);
  });
});

describe('stages', () => {
  const labels = (names: readonly string[], weights: readonly number[], width: number) => {
    const layers = names.map((name, i) => ({ name, weight: weights[i]! }));
    return stages(layers, segments(layers, width), width).map(({ label }) => label);
  };

  test('are named by what the names begin with, where there is room', () => {
    const names = [
      'conv1.weight',
      'layer1.0.conv1.weight',
      'layer1.1.conv1.weight',
      'layer2.0.conv1.weight',
      'fc.weight',
    ];
    expect(labels(names, [1, 20, 20, 50, 1], 400)).toEqual(['layer1', 'layer2']);
  });

  test('go deeper where everything begins alike', () => {
    const names = Array.from({ length: 4 }, (_, i) =>
      ['q', 'k'].map((part) => `model.layers.${i}.${part}.weight`),
    ).flat();
    expect(labels(names, new Array(8).fill(1), 400)).toEqual(['layers.0', 'layers.1', 'layers.2', 'layers.3']);
  });

  test('stay general where the finer names have no room', () => {
    const names = Array.from({ length: 100 }, (_, i) => `blk.${i}.attn.weight`);
    expect(labels(names, new Array(100).fill(1), 400)).toEqual(['blk']);
  });
});
