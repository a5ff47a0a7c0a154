import { readdirSync } from 'node:fs';
import {
  comparable,
  digestOf,
  expected,
  fileSource,
  fixturePath,
  type Golden,
  type GoldenTensor,
  goldenFor,
} from '@espalier/testkit';
import { afterEach, describe, expect, test } from 'vitest';
import type { Checkpoint, TensorEntry } from '../../checkpoint.js';
import { openCheckpoint } from '../../open.js';

let opened: Checkpoint | undefined;
afterEach(async () => {
  await opened?.close();
  opened = undefined;
});

async function openFixture(golden: Golden): Promise<Checkpoint> {
  const result = await openCheckpoint(await fileSource(fixturePath(golden.fixture)));
  if (!result.ok) throw new Error(result.fault.message);
  opened = result.value;
  return opened;
}

const fixtures = readdirSync(fixturePath('golden/tflite')).map((name) => name.replace(/\.json$/, ''));

describe.each(fixtures)('%s', (fixture) => {
  const golden = goldenFor(`tflite/${fixture}`);

  test('holds the tensors that TensorFlow sees, bit by bit', async () => {
    const checkpoint = await openFixture(golden);
    expect(checkpoint.format).toBe('tflite');
    expect(checkpoint.findings).toEqual([]);
    const wanted = [...golden.tensors, ...(golden.strings ?? [])].map(({ name }) => name);
    expect(checkpoint.tensors.map(({ name }) => name).sort()).toEqual(wanted.sort());
    const byName = new Map(checkpoint.tensors.map((entry) => [entry.name, entry]));
    for (const tensor of golden.tensors) {
      const entry = byName.get(tensor.name)!;
      expect(await comparable(entry, tensor)).toEqual(expected(tensor));
      await checkQuantization(entry, tensor);
      if (tensor.structure === undefined) continue;
      expect(entry.axes?.output, entry.name).toEqual([tensor.structure.outputAxis].flat());
      expect(entry.axes?.input, entry.name).toEqual(
        tensor.structure.inputAxis === null ? [] : [tensor.structure.inputAxis],
      );
    }
  });

  test('has the operators that carry weights, with shapes', async () => {
    const checkpoint = await openFixture(golden);
    const { nodes, values } = checkpoint.graph!;
    for (const layer of golden.graph ?? []) {
      const node = nodes.find(
        ({ name, operator, outputs }) => operator === layer.op && (name === layer.name || outputs.includes(layer.name)),
      );
      expect(node, `${layer.op} ${layer.name}`).toBeDefined();
      const weights = node!.inputs.map((input) => values.get(input)?.tensor);
      for (const weight of layer.weights) expect(weights).toContain(weight);
      if (layer.outputShape !== undefined) expect(values.get(node!.outputs[0]!)!.shape).toEqual(layer.outputShape);
    }
  });

  test('ranges of a tensor are parts of the whole', async () => {
    const checkpoint = await openFixture(golden);
    for (const { name, data, elements } of checkpoint.tensors) {
      if (data.kind !== 'decoded') continue;
      const whole = await data.read(0, elements);
      for (let begin = 0; begin < elements; begin += 37) {
        const count = Math.min(53, elements - begin);
        expect(await data.read(begin, count), name).toEqual(whole.slice(begin, begin + count));
      }
    }
  });
});

async function checkQuantization(entry: TensorEntry, golden: GoldenTensor): Promise<void> {
  const { quantization } = golden;
  if (quantization === undefined) return;
  const { data } = entry;
  if (data.kind !== 'raw' || data.affine?.form !== 'zero-point') throw new Error(`${entry.name} has no affine`);
  expect([...data.affine.scales]).toEqual(quantization.scale);
  expect([...data.affine.zeroPoints]).toEqual(quantization.zeroPoint);
  expect(data.affine.axis).toBe(quantization.axis);
  const { stored } = golden as unknown as { stored: { digest: { as: 'f32' | 'f64'; sha256: string } } };
  const { affine: _, ...raw } = data;
  expect(await digestOf({ ...entry, data: raw }, stored.digest.as)).toBe(stored.digest.sha256);
}
