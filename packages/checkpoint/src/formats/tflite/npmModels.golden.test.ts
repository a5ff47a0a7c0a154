import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { comparable, expected, fileSource, fixturePath, fixturesFolder, type GoldenTensor } from '@espalier/testkit';
import { describe, expect, test } from 'vitest';
import type { Checkpoint } from '../../checkpoint.js';
import { openCheckpoint } from '../../open.js';

/** Real models inside npm packages that are dev-dependencies of the root: what an independent reader says of them. */
interface NpmModel {
  readonly package: string;
  readonly file: string;
  readonly format: string;
  /** Convolutions and fully connected layers, and their multiply-adds. */
  readonly layers?: number;
  readonly macs?: number;
  readonly tensors: readonly GoldenTensor[];
}

const golden = JSON.parse(readFileSync(fixturePath('golden/npm-models.json'), 'utf8')) as { models: NpmModel[] };
const pathOf = (model: NpmModel): string => join(fixturesFolder, '../node_modules', model.package, model.file);
const models = golden.models.filter((model) => model.format === 'tflite' && existsSync(pathOf(model)));

describe.each(models)('$package/$file', (model) => {
  test('has the tensors that another reader sees, bit by bit', { timeout: 60_000 }, async () => {
    const log = { reads: 0, bytes: 0 };
    const checkpoint = await open(model, log);
    expect(log.bytes).toBeLessThan(Math.max(1_000_000, checkpoint.files[0]!.sizeBytes * 0.7));
    expect(checkpoint.findings).toEqual([]);
    const byName = new Map(checkpoint.tensors.map((entry) => [entry.name, entry]));
    expect([...byName.keys()].sort()).toEqual(model.tensors.map(({ name }) => name).sort());
    for (const tensor of model.tensors) {
      expect(await comparable(byName.get(tensor.name)!, tensor)).toEqual(expected(tensor));
    }
    await checkpoint.close();
  });

  test('has shapes and weights from which the multiply-adds follow', async () => {
    const checkpoint = await open(model);
    const { nodes, values } = checkpoint.graph!;
    const entries = new Map(checkpoint.tensors.map((entry) => [entry.name, entry]));
    let layers = 0;
    let macs = 0;
    for (const { operator, inputs, outputs } of nodes) {
      // MediaPipe's own Convolution2DTransposeBias is not counted by the other reader.
      if (!/^(CONV_2D|DEPTHWISE_CONV_2D|FULLY_CONNECTED|TRANSPOSE_CONV)$/.test(operator)) continue;
      const weight = entries.get(values.get(inputs[1]!)!.tensor!)!;
      expect(weight.axes?.output, weight.name).toHaveLength(1);
      const moved = values.get(operator === 'TRANSPOSE_CONV' ? inputs[2]! : outputs[0]!)!.shape!;
      const places = moved.slice(0, -1).reduce((product: number, length) => product * (length ?? 1), 1);
      layers++;
      macs += places * weight.elements;
    }
    if (model.layers !== undefined) expect(layers).toBe(model.layers);
    if (model.macs !== undefined) expect(macs).toBe(model.macs);
    await checkpoint.close();
  });
});

async function open(model: NpmModel, log = { reads: 0, bytes: 0 }): Promise<Checkpoint> {
  const opened = await openCheckpoint(await fileSource(pathOf(model), log));
  if (!opened.ok) throw new Error(opened.fault.message);
  return opened.value;
}
