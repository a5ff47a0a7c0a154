import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { comparable, expected, fileSource, fixturePath, fixturesFolder, type GoldenTensor } from '@espalier/testkit';
import { describe, expect, test } from 'vitest';
import { openCheckpoint } from '../../open.js';

/** Real models inside npm packages that are dev-dependencies of the root: what the onnx package reads from them. */
interface NpmModel {
  readonly package: string;
  readonly file: string;
  readonly format: string;
  readonly totals: { readonly floatTensors: number; readonly floatElements: number };
  readonly tensors: readonly (GoldenTensor & { readonly optional?: boolean })[];
}

const golden = JSON.parse(readFileSync(fixturePath('golden/npm-models.json'), 'utf8')) as { models: NpmModel[] };
const pathOf = (model: NpmModel): string => join(fixturesFolder, '../node_modules', model.package, model.file);
const models = golden.models.filter((model) => model.format === 'onnx' && existsSync(pathOf(model)));

describe.each(models)('$package/$file', (model) => {
  test('has the tensors that onnx reads, bit by bit', { timeout: 30_000 }, async () => {
    const log = { reads: 0, bytes: 0 };
    const opened = await openCheckpoint(await fileSource(pathOf(model), log));
    if (!opened.ok) throw new Error(opened.fault.message);
    const checkpoint = opened.value;
    // The values stay in the file: opening reads the structure alone.
    expect(log.bytes).toBeLessThan(checkpoint.files[0]!.sizeBytes * 0.55);
    const byName = new Map(checkpoint.tensors.map((entry) => [entry.name, entry]));
    const listed = model.tensors.filter((tensor) => tensor.optional !== true);
    expect(byName.size).toBe(listed.length);
    for (const tensor of listed) {
      const entry = byName.get(tensor.path ?? tensor.name);
      if (entry === undefined) throw new Error(`${tensor.path ?? tensor.name} is not listed`);
      expect(await comparable(entry, tensor)).toEqual({ ...expected(tensor), name: entry.name });
    }
    expect(checkpoint.tensors.filter(({ dtype }) => dtype.startsWith('F'))).toHaveLength(model.totals.floatTensors);
    await checkpoint.close();
  });
});

test('silero_vad keeps its weights in Constant nodes of two branches', async () => {
  const silero = models.find(({ file }) => file.endsWith('silero_vad.onnx'))!;
  const opened = await openCheckpoint(await fileSource(pathOf(silero)));
  if (!opened.ok) throw new Error(opened.fault.message);
  const floats = opened.value.tensors.filter(({ dtype }) => dtype === 'F32');
  expect(floats).toHaveLength(34);
  expect(floats.filter(({ elements }) => elements >= 64)).toHaveLength(28);
  for (const { name, elements, roleHint } of opened.value.tensors) {
    expect(roleHint === 'constant', name).toBe(elements < 64);
    if (elements >= 64) expect(name).toMatch(/^If_0\/(then|else)_branch\//);
  }
  const recurrent = floats.filter(({ name }) => /rnn\.weight_[ih]h$/.test(name));
  expect(recurrent.map(({ roleHint, axes }) => [roleHint, axes?.output, axes?.input])).toEqual(
    Array(4).fill(['recurrent', [0], [1]]),
  );
  expect(opened.value.graph!.nodes.filter(({ operator }) => operator === 'Conv')).toHaveLength(12);
  await opened.value.close();
});
