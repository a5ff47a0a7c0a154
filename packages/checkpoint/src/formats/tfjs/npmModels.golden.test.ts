import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { comparable, expected, fileSource, fixturePath, fixturesFolder, type GoldenTensor } from '@espalier/testkit';
import '@tensorflow/tfjs-backend-cpu';
import { io, type NamedTensorMap } from '@tensorflow/tfjs-core';
import { afterEach, describe, expect, test } from 'vitest';
import type { Checkpoint, TensorEntry } from '../../checkpoint.js';
import { openCheckpoint } from '../../open.js';
import { readRaw, readValues } from '../../values/readValues.js';

const inPackage = (name: string, path: string): string => join(fixturesFolder, '../node_modules', name, path);

const MODELS: readonly [string, string][] = [
  ['@vscode/vscode-languagedetection', 'model/model.json'],
  ...[
    'age_gender_model',
    'face_expression_model',
    'face_landmark_68_model',
    'face_landmark_68_tiny_model',
    'face_recognition_model',
    'ssd_mobilenetv1_model',
    'tiny_face_detector_model',
  ].map((name): [string, string] => ['@vladmandic/face-api', `model/${name}-weights_manifest.json`]),
  ...['x2', 'x3', 'x4', 'x8'].map((name): [string, string] => ['@upscalerjs/esrgan-slim', `models/${name}/model.json`]),
];

const opened: Checkpoint[] = [];
afterEach(async () => {
  for (const checkpoint of opened.splice(0)) await checkpoint.close();
});

async function open(packageName: string, path: string): Promise<Checkpoint> {
  const result = await openCheckpoint(await fileSource(inPackage(packageName, path)));
  if (!result.ok) throw new Error(result.fault.message);
  opened.push(result.value);
  return result.value;
}

/** The values as TensorFlow.js itself decodes them. */
function reference(packageName: string, path: string): NamedTensorMap {
  const file = inPackage(packageName, path);
  const json = JSON.parse(readFileSync(file, 'utf8'));
  const groups: io.WeightsManifestConfig = Array.isArray(json) ? json : json.weightsManifest;
  const tensors: NamedTensorMap = {};
  for (const group of groups) {
    const bytes = Buffer.concat(group.paths.map((shard) => readFileSync(join(dirname(file), shard))));
    Object.assign(tensors, io.decodeWeights(Uint8Array.from(bytes).buffer, group.weights));
  }
  return tensors;
}

describe.each(MODELS)('%s %s', (packageName, path) => {
  test('every value is the one that TensorFlow.js decodes, to the last bit', async () => {
    const checkpoint = await open(packageName, path);
    const expected = reference(packageName, path);
    expect(checkpoint.findings).toEqual([]);
    expect(checkpoint.tensors.map(({ name }) => name)).toEqual(Object.keys(expected));
    for (const entry of checkpoint.tensors) {
      const tensor = expected[entry.name]!;
      expect(entry.shape).toEqual(tensor.shape);
      if (entry.dtype === 'STRING') continue;
      const values = await readValues(entry);
      const truth = tensor.dataSync();
      const same = values.length === truth.length && values.every((value, i) => Object.is(value, truth[i]));
      expect(same, entry.name).toBe(true);
    }
  });
});

/** Elements whose stored number is the zero point, where that is a whole number; exact zeros of what is not quantized. */
async function zerosOf(entry: TensorEntry): Promise<number> {
  if (entry.data.kind !== 'raw') throw new Error(`${entry.name} is not raw`);
  const stored = await readRaw(entry.data, 0, entry.elements);
  const affine = entry.data.affine;
  let zero = 0;
  if (affine?.form === 'minimum') {
    const point = -affine.minimum / affine.scale;
    zero = Math.abs(point - Math.round(point)) < 1e-3 ? Math.round(point) : Number.NaN;
  }
  return stored.reduce((count, value) => (value === zero ? count + 1 : count), 0);
}

/** The same models as a reader of its own in Python sees them: generate/npm_models.py. */
const recorded = JSON.parse(readFileSync(fixturePath('golden/npm-models.json'), 'utf8')) as {
  models: { package: string; file: string; format: string; strings: { name: string }[]; tensors: GoldenTensor[] }[];
};

test.each(
  recorded.models
    .filter(({ format }) => format === 'tfjs')
    .map((model) => [`${model.package} ${model.file}`, model] as const),
)('%s: values and zeros as recorded', async (_, model) => {
  const checkpoint = await open(model.package, model.file);
  const numbers = checkpoint.tensors.filter(({ dtype }) => dtype !== 'STRING');
  expect(numbers.map(({ name }) => name).sort()).toEqual(model.tensors.map(({ name }) => name).sort());
  expect(checkpoint.tensors.length - numbers.length).toBe(model.strings.length);
  for (const tensor of model.tensors) {
    const entry = numbers.find(({ name }) => name === tensor.name)!;
    expect(await comparable(entry, tensor)).toEqual(expected(tensor));
    const affine = entry.data.kind === 'raw' ? entry.data.affine : undefined;
    if (affine !== undefined) expect(await zerosOf(entry), tensor.name).toBe(tensor.zeros);
  }
});

describe('known truths', () => {
  const floats = (checkpoint: Checkpoint): TensorEntry[] => checkpoint.tensors.filter(({ dtype }) => dtype === 'F32');
  const elements = (entries: readonly TensorEntry[]): number => entries.reduce((sum, entry) => sum + entry.elements, 0);
  const zeros = async (entries: readonly TensorEntry[]): Promise<number> => {
    let sum = 0;
    for (const entry of entries) sum += await zerosOf(entry);
    return sum;
  };
  const percent = (part: number, whole: number): number => Math.round((part / whole) * 10_000) / 100;

  test('languagedetection: 130 tensors and 6 of texts, 674,604 float elements, 10.06 % zero', async () => {
    const checkpoint = await open('@vscode/vscode-languagedetection', 'model/model.json');
    const texts = checkpoint.tensors.filter(({ dtype }) => dtype === 'STRING');
    expect([checkpoint.tensors.length - texts.length, texts.length]).toEqual([130, 6]);
    expect(elements(floats(checkpoint))).toBe(674_604);
    expect(percent(await zeros(floats(checkpoint)), 674_604)).toBe(10.06);
  });

  test('face_recognition_model: 5,614,592 elements, 19.95 % zero by its quantization', async () => {
    const checkpoint = await open('@vladmandic/face-api', 'model/face_recognition_model-weights_manifest.json');
    expect(elements(checkpoint.tensors)).toBe(5_614_592);
    expect(percent(await zeros(checkpoint.tensors), 5_614_592)).toBe(19.95);
    const filters = checkpoint.tensors.find(({ name }) => name === 'conv256_down_out/conv2/conv/filters')!;
    expect(Math.round(((await zerosOf(filters)) / filters.elements) * 1000) / 10).toBe(89.2);
  });

  test('face_landmark_68_tiny has a layer that is zero throughout', async () => {
    const checkpoint = await open('@vladmandic/face-api', 'model/face_landmark_68_tiny_model-weights_manifest.json');
    const dead: string[] = [];
    for (const entry of checkpoint.tensors) if ((await zerosOf(entry)) === entry.elements) dead.push(entry.name);
    expect(dead).toEqual(['dense0/conv2/depthwise_filter', 'dense0/conv2/pointwise_filter']);
  });

  test('esrgan-slim: kernels are HWIO, known from the layers', async () => {
    const checkpoint = await open('@upscalerjs/esrgan-slim', 'models/x2/model.json');
    expect(checkpoint.format).toBe('tfjs-layers-model');
    expect(checkpoint.tensors.find(({ name }) => name === 'LFF_1/kernel')).toMatchObject({
      shape: [1, 1, 68, 64],
      roleHint: 'conv',
      axes: { output: [3], input: [2], kernel: [0, 1] },
    });
  });
});
