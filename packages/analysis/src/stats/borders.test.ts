import { seeded } from '@espalier/base';
import { histogramBin } from '@espalier/kernels';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { binPrefixes } from './borders.js';

test('binned prefixes and borders give the histogram', () =>
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 1e6 }),
      fc.constantFrom(16, 18, 19, 20),
      fc.constantFrom(0, 0.3),
      fc.constantFrom(0, 0.1, -3, 50),
      (seed, leadingBits, zeros, offset) => {
        const rng = seeded(seed);
        const values = Float32Array.from({ length: 4000 }, () =>
          rng.next() < zeros ? (rng.below(2) ? 0 : -0) : rng.normal() + offset,
        );
        const words = new Uint32Array(values.buffer);
        const low = Math.min(...values) + 0;
        const high = Math.max(...values) + 0;
        const counts = new Float64Array(2 ** leadingBits);
        for (const word of words) counts[word >>> (32 - leadingBits)]!++;
        const exactZeros = values.filter((value) => value === 0).length;
        const binned = binPrefixes(counts, exactZeros, low, high);
        if (binned === null) return;
        const found = binned.counts.slice();
        for (const { prefix, threshold, count, before, beyond } of binned.borders) {
          const trailing = [...words]
            .filter((word) => word >>> (32 - leadingBits) === prefix)
            .map((word) => word % 2 ** (32 - leadingBits));
          const above = trailing.filter((bits) => bits >= threshold).length;
          found[before]! += count - above;
          found[beyond]! += above;
        }
        const expected = new Float64Array(256);
        for (const value of values) if (value !== 0) expected[histogramBin(value, low, high)]!++;
        expect([...found]).toEqual([...expected]);
      },
    ),
    { numRuns: 200 },
  ));

test('a weight-like tensor needs no look at every value', () => {
  const rng = seeded(5);
  const values = Float32Array.from({ length: 20_000 }, () => 0.02 * rng.normal());
  const counts = new Float64Array(2 ** 18);
  for (const word of new Uint32Array(values.buffer)) counts[word >>> 14]!++;
  expect(binPrefixes(counts, 0, Math.min(...values), Math.max(...values))).not.toBeNull();
});
