import type { Checkpoint, OutputContent, TensorEntry, Writer } from '@espalier/checkpoint';
import type { TensorHead } from '@espalier/model';
import { expect, test } from 'vitest';
import type { EditedTensor } from './edited.js';
import { manifestName, needsManifest, shapeManifest } from './shapeManifest.js';

const head = (name: string, shape: readonly number[]): TensorHead => ({
  name,
  dtype: 'F32',
  storage: 'F32',
  shape,
  elements: shape.reduce((a, b) => a * b, 1),
  bytes: 0,
  role: shape.length > 1 ? 'linear' : 'bias',
  prunable: shape.length > 1,
  layer: name.replace(/\.[^.]*$/, ''),
  outputChannels: shape[0]!,
  inputChannels: shape[1] ?? null,
  axes: { output: [0], input: [1], kernel: [], groups: 1 },
  description: '',
});

/** A tensor that was shortened, or not. */
function edited(name: string, before: readonly number[], after = before): EditedTensor {
  const entry = { name, shape: before, elements: 1, data: { kind: 'raw' } } as unknown as TensorEntry;
  const whole: EditedTensor = { head: head(name, before), entry, steps: [], leftAlone: null };
  return after === before ? whole : { ...whole, after: { head: head(name, after), entry } };
}

const shortened = [edited('a.weight', [8, 4], [6, 4]), edited('b.weight', [3, 8], [3, 6]), edited('b.bias', [3])];

test('what was removed is told by tensor and axis, with the places where the step knows them', () => {
  const manifest = shapeManifest({
    checkpoint: 'x.pt',
    input: { name: 'm.pt', format: 'pytorch-zip' },
    content: { tensors: [] },
    tensors: shortened,
    removed: [{ tensor: 'a.weight', axis: 0, indices: [1, 5] }],
  });
  expect(manifest.removed).toEqual([
    { tensor: 'a.weight', axis: 0, before: 8, after: 6, indices: [1, 5] },
    { tensor: 'b.weight', axis: 1, before: 8, after: 6, indices: null },
  ]);
  expect(manifest.layers.map(({ name, outputs, inputs }) => [name, outputs, inputs])).toEqual([
    ['a', 6, 4],
    ['b', 3, 6],
  ]);
});

test.each<[string, string, string[], readonly EditedTensor[], boolean]>([
  ['safetensors', 'safetensors', [], [edited('a', [2])], false],
  ['safetensors', 'safetensors', [], shortened, true],
  ['keras-h5', 'safetensors', [], [], true],
  ['tflite', 'npz', [], [], true],
  ['pytorch-zip', 'pytorch-zip', [], [], false],
  ['pytorch-zip', 'pytorch-zip', ['checkpoint/foreign-global'], [], true],
  ['pytorch-torchscript', 'pytorch-zip', [], [], true],
  ['onnx', 'onnx', [], shortened, false],
])('%s to %s, findings %j', (format, writer, codes, tensors, expected) => {
  const checkpoint = { format, findings: codes.map((code) => ({ code })) } as unknown as Checkpoint;
  const keeps = (): boolean => writer === 'onnx';
  const content = {} as OutputContent;
  expect(needsManifest(checkpoint, { tensors }, { format: writer, keeps } as unknown as Writer, content)).toBe(
    expected,
  );
});

test('the manifest of shards bears the name of the model', () =>
  expect(manifestName('model.safetensors.index.json')).toBe('model.safetensors.shapes.json'));
