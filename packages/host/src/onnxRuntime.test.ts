import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { idleWork, seeded } from '@espalier/base';
import { planRecipe, type RunResult, runRecipe } from '@espalier/service';
import { fixturePath } from '@espalier/testkit';
import { strToU8, zipSync } from 'fflate';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { changePorts } from './changePorts.js';
import { nodeFiles } from './nodeFiles.js';

const MODEL = fixturePath('demo/models/resnet-tiny-80.onnx');
const SAMPLE = [1, 8, 8];

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-runtime-'));
  writeFileSync(join(folder, 'model.onnx'), readFileSync(MODEL));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const noise = (seed: number, count: number): Float32Array => {
  const rng = seeded(seed);
  return Float32Array.from({ length: count }, () => rng.next());
};

function writeSamples(shape: readonly number[], name = 'input'): void {
  const head = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(', ')},), }`;
  const padded = `${head.padEnd(128 - 11)}\n`;
  const start = Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, padded.length, 0);
  const values = noise(
    5,
    shape.reduce((a, b) => a * b, 1),
  );
  const npy = Buffer.concat([start, strToU8(padded), new Uint8Array(values.buffer)]);
  writeFileSync(join(folder, 'samples.npz'), zipSync({ [`${name}.npy`]: npy }));
}

const recipe = (activations: string, output = 'q.onnx'): string =>
  `input: model.onnx\nsteps:\n  - quantize: { method: post-training, activations: ${activations} }\noutput: ${output}\n`;

async function run(text: string, trusted = true) {
  const ports = changePorts(() => ({ workspaceRoots: [], trusted }), '1.0.0');
  return await runRecipe({ recipe: text, folder, overwrite: true, detail: 'counts' }, ports, idleWork());
}

async function done(text: string): Promise<RunResult> {
  const answer = await run(text);
  if (!answer.ok) throw new Error(JSON.stringify(answer.fault));
  return answer.value;
}

async function outputsOf(name: string, batches: number): Promise<number[]> {
  const session = await InferenceSession.create(join(folder, name));
  const values: number[] = [];
  for (let i = 0; i < batches; i++) {
    const input = new Tensor('float32', noise(100 + i, 64), [1, ...SAMPLE]);
    const found = await session.run({ [session.inputNames[0]!]: input });
    values.push(...(found[session.outputNames[0]!]!.data as Float32Array));
  }
  return values;
}

function noiseOf(before: readonly number[], after: readonly number[]): number {
  const power = (all: readonly number[]): number => all.reduce((sum, x) => sum + x * x, 0);
  return 10 * Math.log10(power(before) / power(before.map((x, i) => x - after[i]!)));
}

test('activations get codes by the ranges of samples, and onnxruntime runs the result near the original', async () => {
  writeSamples([40, ...SAMPLE]);
  const found = await done(recipe('{ samples: samples.npz, bits: 8, calibration: max }'));
  const inputs = found.layers.flatMap(({ quantization }) => quantization?.input ?? []);
  expect(inputs.length).toBe(found.layers.filter(({ quantization }) => quantization !== undefined).length);
  for (const { scale, clip, samples, sqnrDb } of inputs) {
    expect(scale).toBe(Math.fround(clip / 127));
    expect(samples).toBe(40);
    expect(Number(sqnrDb.max)).toBeGreaterThan(30);
  }
  expect(found.notes.map(({ message }) => message)).toContainEqual(
    expect.stringMatching(/^\d+ activations have codes of 8 bits: their ranges come from 40 samples/),
  );
  const [before, weights, after] = [
    await outputsOf('model.onnx', 20),
    await done('input: model.onnx\nsteps:\n  - quantize: post-training\noutput: w.onnx\n').then(() =>
      outputsOf('w.onnx', 20),
    ),
    await outputsOf('q.onnx', 20),
  ];
  const [withWeights, withBoth] = [noiseOf(before, weights), noiseOf(before, after)];
  // Codes of activations lose something more, and not much.
  expect(withBoth).toBeLessThan(withWeights);
  expect(withBoth).toBeGreaterThan(25);
});

test('fewer bits lose more', async () => {
  writeSamples([32, ...SAMPLE]);
  const decibels: number[] = [];
  const before = await outputsOf('model.onnx', 20);
  for (const bits of [8, 6, 4]) {
    await done(recipe(`{ samples: samples.npz, bits: ${bits}, calibration: mse }`));
    decibels.push(noiseOf(before, await outputsOf('q.onnx', 20)));
  }
  expect(decibels[0]!).toBeGreaterThan(decibels[1]! + 5);
  expect(decibels[1]!).toBeGreaterThan(decibels[2]! + 5);
});

test('files without operators tell the scales of inputs in their metadata', async () => {
  writeSamples([32, ...SAMPLE]);
  const found = await done(recipe('{ samples: samples.npz }', 'q.safetensors'));
  const [layer] = found.layers.filter(({ quantization }) => quantization?.input !== undefined);
  const bytes = readFileSync(join(folder, 'q.safetensors'));
  const header = JSON.parse(bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE(0))).toString()) as {
    __metadata__: Record<string, string>;
  };
  const { scale, bits, calibration } = layer!.quantization!.input!;
  expect(JSON.parse(header.__metadata__[`quant.input.${layer!.name}`]!)).toEqual({ bits, scale, zero: 0, calibration });
});

test.each([
  [[4, 1, 8, 9], 'the input image takes ?×1×8×8'],
  [[4, 8, 8], 'the input image takes ?×1×8×8'],
])('samples of shape %j are refused with what the model takes', async (shape, message) => {
  writeSamples(shape);
  expect(await run(recipe('{ samples: samples.npz }'))).toMatchObject({
    ok: false,
    fault: { fault: { code: 'quantize/samples', message: expect.stringContaining(message) } },
  });
});

test('few samples are told, a plan runs nothing, and a folder that is not trusted runs nothing', async () => {
  writeSamples([3, ...SAMPLE]);
  const few = await done(recipe('{ samples: samples.npz }'));
  expect(few.notes.map(({ message }) => message)).toContain('3 samples tell little of ranges: take 32 or more.');
  const files = nodeFiles(() => ({ workspaceRoots: [], trusted: true }), { blocking: true });
  const plan = await planRecipe({ recipe: recipe('{ samples: none.npz }'), folder }, files, idleWork(), () => {});
  expect(plan).toMatchObject({ kind: 'plan' });
  expect(plan.kind === 'plan' && plan.plan.notes.map(({ code }) => code)).toContain('quantize/activations');
  expect(await run(recipe('{ samples: samples.npz }'), false)).toMatchObject({
    ok: false,
    fault: { fault: { code: 'runtime/untrusted' } },
  });
});
