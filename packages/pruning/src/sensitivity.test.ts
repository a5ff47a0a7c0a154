import { seeded } from '@espalier/base';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { roundHalfEven } from './roundHalfEven.js';
import { energyLost } from './sensitivity.js';
import { layerOf, work } from './testing/layers.js';

const RATIOS = [0.5, 0.7, 0.8, 0.9, 0.95];

test('the energy that goes is what a sort finds', () =>
  fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 3000 }),
      fc.nat(),
      fc.constantFrom(1, 8, 1e-20),
      async (size, seed, grain) => {
        const rng = seeded(seed);
        const values = Float32Array.from({ length: size }, () =>
          grain === 8 ? Math.round(rng.normal() * 8) / 8 : rng.normal() * grain,
        );
        const sorted = Float64Array.from(values, Math.abs).sort();
        const total = sorted.reduce((sum, value) => sum + value * value, 0);
        const found = await energyLost(layerOf({ shape: [1, size], values }), RATIOS, work);
        for (const [i, ratio] of RATIOS.entries()) {
          const expected = sorted.slice(0, roundHalfEven(ratio * size)).reduce((sum, value) => sum + value * value, 0);
          if (total === 0) expect(found[i]).toBeNaN();
          else expect(found[i]).toBeCloseTo(expected / total, 10);
        }
      },
    ),
    { numRuns: 60 },
  ));

test('what is not finite has no part in it; everything gone is everything lost', async () => {
  const layer = layerOf({ shape: [1, 6], values: [3, Number.NaN, -4, Number.POSITIVE_INFINITY, 0, 12] });
  expect(await energyLost(layer, [0, 0.5, 1], work)).toEqual([0, 25 / 169, 1]);
});
