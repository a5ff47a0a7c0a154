import { readFileSync } from 'node:fs';
import { idleWork } from '@espalier/base';
import { fixturePath } from '@espalier/testkit';
import { expect, test } from 'vitest';
import { kernelMatrix } from '../kernelMatrix.js';
import { maskFromBits } from '../mask.js';
import { bitRowsOf } from '../structure/bitRows.js';
import { meanShared } from './overlaps.js';
import { partitionRows, rowsWithWeights, sharedColumns } from './partitionRows.js';

interface Golden {
  readonly masks: readonly {
    readonly name: string;
    readonly rows: number;
    readonly columns: number;
    readonly parts: number;
    /** Base64, row after row, least significant bit first. */
    readonly bits: string;
    /** The part of each row by METIS: the best of forty tries. */
    readonly metis: readonly number[];
  }[];
}

const { masks } = JSON.parse(readFileSync(fixturePath('golden/row-partitions.json'), 'utf8')) as Golden;

test.each(masks)('$name: no worse than the best of METIS', async ({ rows, columns, parts, bits, metis }) => {
  const matrix = kernelMatrix({ shape: [rows, columns], axes: { output: [0], input: [1], kernel: [], groups: 1 } });
  const mask = bitRowsOf(matrix, maskFromBits(rows * columns, Uint8Array.from(Buffer.from(bits, 'base64'))));
  const mean = meanShared(mask, rowsWithWeights(mask));
  // What pairs in the same part share more than pairs do on average: fair where sizes differ a little.
  const worth = (groups: readonly (readonly number[])[]): number =>
    sharedColumns(mask, groups) - groups.reduce((sum, { length }) => sum + mean * length * (length - 1), 0);
  const theirs = Array.from({ length: parts }, (_, part) => metis.flatMap((own, row) => (own === part ? [row] : [])));
  const ours = await partitionRows(mask, { parts, imbalance: 0.1, seed: 1 }, idleWork());
  expect(worth(ours)).toBeGreaterThanOrEqual(worth(theirs));
});
