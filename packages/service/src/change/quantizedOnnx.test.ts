import { readFileSync } from 'node:fs';
import { idleWork, seeded } from '@espalier/base';
import { openCheckpoint } from '@espalier/checkpoint';
import { memorySource } from '@espalier/tensor';
import { fixturePath } from '@espalier/testkit';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { expect, test } from 'vitest';
import { MemoryFiles } from '../testing/memoryFiles.js';
import { memoryMachine } from '../testing/memoryMachine.js';
import { runRecipe } from './runRecipe.js';

const MODEL = new Uint8Array(readFileSync(fixturePath('demo/models/resnet-tiny-80.onnx')));

/** The same model with operators of another version. */
function withOpset(version: number): Uint8Array {
  const bytes = MODEL.slice();
  // opset_import, field 8 of ModelProto: an empty domain and version 20; the last thing in the file.
  const at = Buffer.from(bytes).lastIndexOf(Buffer.from([0x42, 0x04, 0x0a, 0x00, 0x10, 20]));
  expect(at).toBeGreaterThan(0);
  bytes[at + 5] = version;
  return bytes;
}

async function quantized(options: string, model = MODEL): Promise<{ bytes: Uint8Array; worst: number }> {
  const files = new MemoryFiles().write('/work/model.onnx', model);
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

test.each([
  '{ scheme: int4-sym, granularity: channel }',
  '{ scheme: int4-asym, granularity: channel }',
  '{ scheme: int4-asym, granularity: tensor }',
])('where operators know 4 bits, codes lie two to a byte, and give what bytes give: %s', async (options) => {
  const [bytes, nibbles] = [await quantized(options), await quantized(options, withOpset(21))];
  expect(nibbles.bytes.length).toBeLessThan(bytes.bytes.length * 0.65);
  const [before, after] = [await run(bytes.bytes), await run(nibbles.bytes)];
  const size = Math.max(...before.map(Math.abs));
  expect(Math.max(...before.map((value, i) => Math.abs(value - after[i]!))) / size).toBeLessThan(1e-5);
  const opened = await openCheckpoint(memorySource('q.onnx', nibbles.bytes));
  if (!opened.ok) throw new Error(opened.fault.message);
  const stored = opened.value.tensors.filter(({ storage }) => /^u?int4/.test(storage));
  expect(stored.length).toBeGreaterThan(5);
});
