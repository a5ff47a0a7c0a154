import { readFileSync } from 'node:fs';
import { idleWork, seeded } from '@espalier/base';
import { fixturePath } from '@espalier/testkit';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { expect, test } from 'vitest';
import { MemoryFiles } from '../testing/memoryFiles.js';
import { memoryMachine } from '../testing/memoryMachine.js';
import { runRecipe } from './runRecipe.js';

const MODEL = new Uint8Array(readFileSync(fixturePath('demo/models/resnet-tiny-80.onnx')));

async function quantized(options: string): Promise<{ bytes: Uint8Array; worst: number }> {
  const files = new MemoryFiles().write('/work/model.onnx', MODEL);
  const { ports } = memoryMachine(files);
  const recipe = `input: model.onnx\nsteps:\n  - quantize: { method: post-training, default: ${options} }\noutput: out/q.onnx\n`;
  const query = { recipe, folder: '/work', overwrite: false, detail: 'counts' } as const;
  const answer = await runRecipe(query, ports, idleWork());
  if (!answer.ok) throw new Error(JSON.stringify(answer.fault));
  const source = await files.open('/work/out/q.onnx');
  if (!source.ok) throw new Error(source.fault.message);
  const worst = Math.max(...answer.value.layers.map(({ quantization }) => quantization!.maxAbsError));
  return { bytes: await source.value.read(0, source.value.sizeBytes), worst };
}

async function run(bytes: Uint8Array): Promise<number[]> {
  const session = await InferenceSession.create(bytes);
  const rng = seeded(3);
  const input = new Tensor(
    'float32',
    Float32Array.from({ length: 64 }, () => rng.next()),
    [1, 1, 8, 8],
  );
  const outputs = await session.run({ [session.inputNames[0]!]: input });
  return [...(outputs[session.outputNames[0]!]!.data as Float32Array)];
}

test.each([
  ['{ scheme: int8-sym, granularity: channel }', 0.02],
  ['{ scheme: int8-asym, granularity: tensor }', 0.05],
  ['{ scheme: int4-sym }', 0.6],
])('onnxruntime runs it within a step of the codes: %s', async (options, allowed) => {
  const { bytes, worst } = await quantized(options);
  expect(bytes.length).toBeLessThan(MODEL.length / 3);
  const [before, after] = [await run(MODEL), await run(bytes)];
  const off = Math.max(...before.map((value, i) => Math.abs(value - after[i]!)));
  const size = Math.max(...before.map(Math.abs));
  expect(off / size).toBeLessThan(allowed);
  expect(off).toBeGreaterThan(0);
  expect(worst).toBeGreaterThan(0);
});
