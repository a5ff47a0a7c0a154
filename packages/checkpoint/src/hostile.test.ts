import { allGolden, fixtureFolder, fixturePath, survive } from '@espalier/testkit';
import { describe, expect, test } from 'vitest';

/** How many spoilt copies of each fixture: enough that all of them together take some seconds. Set HOSTILE to multiply. */
const FACTOR = Number(process.env.HOSTILE ?? 1);
const SEED = 20;

const inFolder = (path: string): string =>
  path.startsWith('checkpoints/packed/') ? `${path}/model.safetensors` : path;

const single = [
  ...allGolden('safetensors/'),
  ...allGolden('npy/'),
  ...allGolden('npz/'),
  ...allGolden('pytorch/'),
  ...allGolden('packed/'),
]
  .map(([, golden]) => inFolder(golden.fixture))
  .filter((path) => /\.\w+$/.test(path) && !path.includes('all-halves'));

const folders = [
  'checkpoints/huggingface/sharded/config.json',
  'checkpoints/huggingface/sharded/model.safetensors.index.json',
  'checkpoints/huggingface/sharded-bin/pytorch_model.bin.index.json',
  'checkpoints/packed/bnb-nf4-nested/config.json',
];

describe('every spoilt file has an outcome', () => {
  test.each([...single, ...folders])('%s', { timeout: 60_000 }, async (path) => {
    const { name, bytes, around } = fixtureFolder(fixturePath(path));
    const outcomes = await survive(name, bytes, SEED, 40 * FACTOR, around);
    expect(outcomes.files).toBe(40 * FACTOR);
    expect(outcomes.faults + outcomes.opened).toBe(outcomes.files);
  });
});
