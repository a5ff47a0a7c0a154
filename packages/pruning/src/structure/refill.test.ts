import { seeded } from '@espalier/base';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type RefilledRow, refillRows } from './refill.js';

const TOY = ['1111', '1110', '1100', '0100', '0000', '1001'];
const ones = (row: string): number => [...row].filter((bit) => bit === '1').length;
const remain = (mask: readonly string[]): number[] => mask.map(ones);
const all = (mask: readonly string[]): number => remain(mask).reduce((sum, count) => sum + count, 0);

function refill(
  mask: readonly string[],
  options: Partial<Parameters<typeof refillRows>[3]>,
  scores: readonly number[] = remain(mask),
  seed = 1,
): RefilledRow[] {
  return refillRows(
    scores,
    all(mask),
    mask[0]!.length,
    { mode: 'paper', criterion: 'magnitude', extra: 0, ...options },
    seeded(seed),
  );
}

describe('the small example of the specification', () => {
  const scores = [0.9, 0.1, 0.5, 2.0, 0.0, 0.3];

  test('the released code by remaining weights has two outcomes, and no other', () => {
    const seen = new Set<string>();
    for (let seed = 0; seed < 40; seed++)
      seen.add(JSON.stringify(refill(TOY, { mode: 'compat', criterion: 'remain' }, remain(TOY), seed)));
    expect([...seen].sort()).toEqual(
      [JSON.stringify([1, 1, 1, 0, 0, null]), JSON.stringify([1, 1, null, 0, 0, 1])].sort(),
    );
  });

  test('the released code with half of the other rows besides', () =>
    expect(refill(TOY, { mode: 'compat', criterion: 'remain', extra: 0.5 })).toEqual([1, 1, 1, 1, 0, 1]));

  test('the released code by magnitude', () =>
    expect(refill(TOY, { mode: 'compat' }, scores)).toEqual([1, 0, 1, 1, 0, 1]));

  test('the paper keeps ⌈s·C⌉ rows', () => expect(refill(TOY, {}, scores)).toEqual([1, 0, 1, 1, 0, 0]));

  test('where all are tied the released code leaves partial rows, the paper two full ones', () => {
    const mask = ['1100', '0011', '1010', '0000'];
    const compat = refill(mask, { mode: 'compat', criterion: 'remain' });
    expect(compat.filter((row) => row === 1)).toHaveLength(1);
    expect(compat.filter((row) => row === null)).toHaveLength(2);
    expect(refill(mask, {})).toEqual([1, 1, 0, 0]);
  });
});

describe.each([
  [16, [13, 13], [11, 11], [9, 9], [7, 7], [8, 9]],
  [32, [26, 26], [21, 21], [17, 17], [14, 14], [16, 17]],
  [64, [52, 52], [41, 41], [33, 33], [27, 27], [32, 33]],
  [128, [103, 103], [82, 82], [66, 66], [53, 53], [64, 65]],
  [256, [205, 205], [164, 164], [132, 132], [105, 105], [128, 129]],
  [512, [410, 410], [328, 328], [263, 263], [210, 210], [256, 257]],
] as const)('%d rows', (rows, ...expected) => {
  test.each([0.8, 0.64, 0.512, 0.4096, 0.5].map((density, i) => [density, ...expected[i]!] as const))(
    'at density %d keep %d by the paper, %d by the code',
    (density, paper, compat) => {
      const columns = 10_000;
      const scores = Array.from({ length: rows }, (_, i) => ((i * 37) % rows) + 1);
      const count = (mode: 'paper' | 'compat'): number =>
        refillRows(
          scores,
          density * rows * columns,
          columns,
          { mode, criterion: 'magnitude', extra: 0 },
          seeded(1),
        ).filter((row) => row === 1).length;
      expect([count('paper'), count('compat')]).toEqual([paper, compat]);
    },
  );
});

test('rows are full or empty, as many as ⌈s·C⌉, those with the largest scores; never none', () =>
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: 0, max: 10, noNaN: true }), { minLength: 1, maxLength: 40 }),
      fc.nat(1000),
      (scores, part) => {
        const remaining = (part / 1000) * scores.length * 8;
        const rows = refillRows(scores, remaining, 8, { mode: 'paper', criterion: 'magnitude', extra: 0 }, seeded(1));
        const kept = scores.filter((_, i) => rows[i] === 1);
        const dropped = scores.filter((_, i) => rows[i] === 0);
        const density = remaining / (scores.length * 8);
        return (
          kept.length >= 1 &&
          kept.length + dropped.length === scores.length &&
          kept.length / scores.length >= density - 1e-9 &&
          kept.length / scores.length <= Math.max(density + 1 / scores.length, 1 / scores.length) + 1e-9 &&
          Math.min(...kept) >= Math.max(...dropped, 0)
        );
      },
    ),
  ));
