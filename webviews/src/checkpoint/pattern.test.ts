import type { TensorStats } from '@espalier/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { headFor, statsFor } from '../../test/facts.js';
import { chanceOfFit, patternOf } from './pattern.js';

const along = (compliantGroups: number, groups = 1000) => [
  { axis: 1, groups, compliantGroups, strict: compliantGroups === groups },
];
const found = (stats: Partial<TensorStats>) => patternOf(headFor('w'), statsFor(stats));
const zeros = Math.round(4096 * 0.75);

describe('the pattern of a tensor', () => {
  test('is the strongest N:M that holds everywhere', () => {
    expect(found({ zeros, patterns: { '2:4': along(1000), '4:8': along(1000) } })).toEqual({
      kind: 'groups',
      name: '2:4',
      share: 1,
      strict: true,
    });
    expect(found({ zeros, patterns: { '2:4': along(1000), '1:4': along(1000) } })).toMatchObject({ name: '1:4' });
  });

  test('else whole rows', () =>
    expect(found({ zeros, deadOutputChannels: 16, patterns: { '2:4': along(990) } })).toEqual({
      kind: 'rows',
      share: 0.25,
    }));

  test('else blocks, the larger unless smaller ones hold clearly more', () => {
    const blocks = (large: number, small: number) => ({
      '4x4': { blocks: 9, zeroBlocks: 9, zerosInBlocks: large },
      '4x1': { blocks: 9, zeroBlocks: 9, zerosInBlocks: small },
    });
    expect(found({ zeros, blocks: blocks(0.9, 0.92) })).toMatchObject({ kind: 'blocks', name: '4x4' });
    expect(found({ zeros, blocks: blocks(0.65, 0.92) })).toMatchObject({ kind: 'blocks', name: '4x1', share: 0.92 });
  });

  test('else an N:M that nearly holds, beyond what chance would do', () => {
    const sparse = Math.round(4096 * 0.674);
    expect(found({ zeros: sparse, patterns: { '2:4': along(971) } })).toEqual({
      kind: 'groups',
      name: '2:4',
      share: 0.971,
      strict: false,
    });
    // At 85 % zeros nearly every group of four has two of them.
    expect(found({ zeros: Math.round(4096 * 0.85), patterns: { '2:4': along(985) } })).toBeNull();
  });

  test('is nothing where nothing or everything is zero', () => {
    expect(found({ zeros: 0, patterns: { '2:4': along(1000) } })).toBeNull();
    expect(found({ zeros: 4096, patterns: { '2:4': along(1000) } })).toBeNull();
  });
});

test('the chance of a fit is what chance does', () => {
  expect(chanceOfFit('2:4', 0.5)).toBeCloseTo(11 / 16, 12);
  expect(chanceOfFit('1:2', 0.5)).toBeCloseTo(3 / 4, 12);
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, noNaN: true }), (sparsity) => {
      const chances = (['1:4', '1:2', '2:4', '4:8'] as const).map((name) => chanceOfFit(name, sparsity));
      for (const chance of chances) {
        expect(chance).toBeGreaterThanOrEqual(0);
        expect(chance).toBeLessThanOrEqual(1 + 1e-12);
      }
      expect(chances[0]).toBeLessThanOrEqual(chances[2]! + 1e-12);
    }),
  );
});
