import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fixtureFolder, fixturePath, readAll } from '@espalier/testkit';
import '@tensorflow/tfjs-backend-cpu';
import { io, type NamedTensorMap } from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Input, inputOf, openFiles, PROVENANCE, prunedTensors, writeInput } from '../testing/written.js';
import { jsonMembers } from './jsonMembers.js';
import { shardNames } from './modelText.js';
import { tfjs } from './tfjs.js';

const folder = fixturePath('checkpoints/tfjs');
/** The others say of themselves what is wrong with them. */
const MODELS = readdirSync(folder).filter((name) => !/escape|huge-shape|missing-shard|short/.test(name));
const jsonOf = (model: string): string =>
  join(folder, model, readdirSync(join(folder, model)).find((name) => name.endsWith('.json'))!);

function load(path: string): Promise<Input> {
  const { around, name } = fixtureFolder(path);
  return inputOf(around, name);
}

describe.each(MODELS)('%s', (model) => {
  test('comes out byte for byte where nothing is changed', async () => {
    const input = await load(jsonOf(model));
    const files = await writeInput(tfjs, input, input.name);
    expect(files).toEqual(new Map([...input.files].filter(([name]) => files.has(name))));
    expect([...files.keys()].sort()).toEqual([...input.files.keys()].sort());
  });

  test('keeps everything but the values that were changed, under another name too', async () => {
    const input = await load(jsonOf(model));
    const tensors = prunedTensors(input);
    const files = await writeInput(tfjs, input, 'other.json', { tensors, metadata: PROVENANCE });
    for (const name of files.keys()) expect(name).toMatch(/^other/);
    const again = await openFiles(files, 'other.json');
    const isBare = input.checkpoint.format === 'tfjs-weights';
    expect(again.metadata).toEqual({ ...input.checkpoint.metadata, ...(isBare ? {} : PROVENANCE) });
    expect(again.graph).toEqual(input.checkpoint.graph);
    expect(again.findings).toEqual(input.checkpoint.findings);
    const changed = new Set(tensors.flatMap(({ name, unchanged }) => (unchanged === true ? [] : [name])));
    expect(changed.size > 0).toBe(model !== 'fractional-zero');
    for (const [i, entry] of again.tensors.entries()) {
      const before = input.checkpoint.tensors[i]!;
      const { name, dtype, storage, shape } = before;
      expect(entry).toMatchObject({ name, dtype, storage, shape });
      const values = await readAll(before);
      if (changed.has(name)) for (let k = 1; k < values.length; k += 2) values[k] = 0;
      expect(await readAll(entry), name).toEqual(values);
    }
  });
});

test.each(MODELS)('%s, pruned, is what TensorFlow.js loads', async (model) => {
  const input = await load(jsonOf(model));
  const files = await writeInput(tfjs, input, 'other.json', { tensors: prunedTensors(input), metadata: PROVENANCE });
  const again = await openFiles(files, 'other.json');
  const json = JSON.parse(Buffer.from(files.get('other.json')!).toString()) as Manifest | { weightsManifest: Manifest };
  const groups = Array.isArray(json) ? json : json.weightsManifest;
  const theirs: NamedTensorMap = {};
  for (const { paths, weights } of groups) {
    const bytes = Uint8Array.from(Buffer.concat(paths.map((path) => files.get(path)!)));
    Object.assign(theirs, io.decodeWeights(bytes.buffer, weights));
  }
  expect(Object.keys(theirs)).toEqual(again.tensors.map(({ name }) => name));
  for (const entry of again.tensors)
    if (entry.dtype !== 'STRING' && entry.dtype !== 'C64')
      expect([...(await theirs[entry.name]!.data())].map(Number), entry.name).toEqual([...(await readAll(entry))]);
});

type Manifest = { paths: string[]; weights: io.WeightsManifestEntry[] }[];

test('the text of the model is kept character by character around what is added', async () => {
  const input = await load(jsonOf('layers-model'));
  const before = Buffer.from(input.files.get('model.json')!).toString();
  const files = await writeInput(tfjs, input, 'model.json', { metadata: PROVENANCE });
  const after = Buffer.from(files.get('model.json')!).toString();
  const { begin, end } = jsonMembers(after).get('userDefinedMetadata')!;
  expect(after.slice(0, begin).replace(/, "userDefinedMetadata": $/, '') + after.slice(end)).toBe(before);
});

test('members of a JSON text are found where they stand', () =>
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.constantFrom(0, 1, 3), (record, indent) => {
      const text = JSON.stringify(record, null, indent);
      const keys = Object.keys(JSON.parse(text) as object);
      const members = jsonMembers(text);
      expect([...members.keys()]).toEqual(keys);
      for (const [key, { begin, end }] of members)
        expect(JSON.parse(text.slice(begin, end))).toEqual((JSON.parse(text) as Record<string, unknown>)[key]);
    }),
  ));

test('shards under a new name never meet the old ones, and folders in their names go', () => {
  expect([...shardNames(['w/a.bin', 'b.bin'], 'model.json', 'model.json').values()]).toEqual(['w-a.bin', 'b.bin']);
  expect([...shardNames(['w/a.bin', 'b.bin'], 'model.json', 'thin.json').values()]).toEqual([
    'thin-w-a.bin',
    'thin-b.bin',
  ]);
});

describe('what has no place is refused', () => {
  test.each(['missing-shard', 'short'])('%s', async (model) => {
    const input = await load(jsonOf(model));
    await expect(writeInput(tfjs, input, 'x.json')).rejects.toMatchObject({ fault: { code: 'output/incomplete' } });
  });

  test('another shape', async () => {
    const input = await load(jsonOf('layers-model'));
    const [first, ...others] = prunedTensors(input);
    const tensors = [{ ...first!, shape: [1] }, ...others];
    await expect(writeInput(tfjs, input, 'x.json', { tensors })).rejects.toMatchObject({
      fault: { code: 'output/tensor' },
    });
  });
});
