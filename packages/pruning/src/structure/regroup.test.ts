import { describe, expect, test } from 'vitest';
import { kernelMatrix } from '../kernelMatrix.js';
import { isKept, maskOf } from '../mask.js';
import { type BitRows, bitRowsOf } from './bitRows.js';
import { type DenseBlock, maskOfBlocks } from './denseBlocks.js';
import { releasedBlocks, sharedBlock } from './regroup.js';

const matrixOf = (mask: readonly string[]) =>
  kernelMatrix({ shape: [mask.length, mask[0]!.length], axes: { output: [0], input: [1], kernel: [], groups: 1 } });

const parse = (mask: readonly string[]): BitRows => {
  const text = mask.join('');
  return bitRowsOf(
    matrixOf(mask),
    maskOf(text.length, (i) => text[i] === '1'),
  );
};

/** The mask of the blocks as rows of text. */
function print(mask: readonly string[], blocks: readonly DenseBlock[]): string[] {
  const bits = maskOfBlocks(matrixOf(mask), blocks);
  return mask.map((row, r) => [...row].map((_, c) => (isKept(bits, r * row.length + c) ? '1' : '0')).join(''));
}

const plain = (blocks: readonly DenseBlock[]) =>
  blocks.map(({ rows, columns }) => ({ rows: [...rows], columns: [...columns] }));

const ones = (rows: readonly string[]): number => [...rows.join('')].filter((bit) => bit === '1').length;

describe('the mask of 4 × 6 of the specification, groups {0, 1} and {2, 3}', () => {
  const mask = ['110100', '110000', '001011', '011010'];
  const groups = [
    [0, 1],
    [2, 3],
  ];
  const rule = { t1: 1.5, nn: 4, b2: 1 };

  test('the training routine', () => {
    const blocks = releasedBlocks(parse(mask), groups, rule, 'training');
    expect(plain(blocks)).toEqual([
      { rows: [0, 1], columns: [0, 1, 3, 2] },
      { rows: [2, 3], columns: [2, 4, 1, 5] },
    ]);
    expect(print(mask, blocks)).toEqual(['111100', '111100', '011011', '011011']);
  });

  test('the inference routine', () => {
    const blocks = releasedBlocks(parse(mask), groups, rule, 'inference');
    expect(plain(blocks)).toEqual([
      { rows: [0, 1], columns: [0, 1, 3, 2, 4] },
      { rows: [2, 3], columns: [2, 4, 1, 5, 0] },
    ]);
    expect(print(mask, blocks)).toEqual(['111110', '111110', '111011', '111011']);
  });

  test.each(['training', 'inference'] as const)('with the constants of the code %s finds no block', (routine) =>
    expect(releasedBlocks(parse(mask), groups, { t1: 1.5, nn: 32, b2: 16 }, routine)).toEqual([]),
  );
});

describe('the mask of 12 × 16 of the specification, groups of six', () => {
  const mask = [
    '1111111110000000',
    '0111111100000000',
    '1011100100000000',
    '1011010101000000',
    '1011001100000000',
    '1111110100000001',
    '0000001011111111',
    '0000000011001111',
    '0000100010110111',
    '0010011011111111',
    '0000010101111111',
    '0000000011111111',
  ];
  const groups = [
    [0, 1, 2, 3, 4, 5],
    [6, 7, 8, 9, 10, 11],
  ];
  const rule = { t1: 1.5, nn: 4, b2: 2 };

  test('the training routine: 156 ones of 90', () => {
    const blocks = releasedBlocks(parse(mask), groups, rule, 'training');
    const first = [2, 3, 7, 0, 4, 5, 1, 6, 8, 9, 15, 10, 11];
    const second = [13, 14, 15, 8, 9, 10, 11, 12, 5, 6, 2, 4, 7];
    expect(plain(blocks)).toEqual([
      { rows: [0, 1, 2, 3], columns: first },
      { rows: [4, 5], columns: first },
      { rows: [6, 7, 8, 9], columns: second },
      { rows: [10, 11], columns: second },
    ]);
    expect([ones(mask), ones(print(mask, blocks))]).toEqual([90, 156]);
  });

  test('the inference routine: the second group never gets a width', () => {
    const blocks = releasedBlocks(parse(mask), groups, rule, 'inference');
    const columns = [2, 3, 7, 0, 4, 5, 1, 6, 8, 9, 15, 10];
    expect(plain(blocks)).toEqual([
      { rows: [0, 1, 2, 3], columns },
      { rows: [4, 5], columns },
    ]);
    expect(ones(print(mask, blocks))).toBe(72);
  });

  test('the rule of the paper with b1 = 4, t2 = 4 of 6, b2 = 4: 84 ones', () => {
    const blocks = groups.map((rows) => sharedBlock(parse(mask), rows, { minRows: 4, minColumns: 4, share: 4 / 6 })!);
    expect(plain(blocks).map(({ columns }) => columns)).toEqual([
      [0, 2, 3, 4, 5, 7],
      [8, 9, 10, 11, 12, 13, 14, 15],
    ]);
    expect(ones(print(mask, blocks))).toBe(84);
  });

  test('groups that are too small, or share too little, get no block', () => {
    const rule = { minRows: 4, minColumns: 4, share: 4 / 6 };
    expect(sharedBlock(parse(mask), [0, 1, 2], rule)).toBeNull();
    expect(sharedBlock(parse(mask), groups[0]!, { ...rule, minColumns: 7 })).toBeNull();
    expect(sharedBlock(parse(mask), [0, 1, 6, 7], { ...rule, share: 1 })).toBeNull();
  });
});
