import { expect, test } from 'vitest';
import { writerFor } from './writers.js';

test.each<[string, string | null, string | null]>([
  ['a.safetensors', null, 'safetensors'],
  ['model.safetensors.index.json', null, 'safetensors'],
  ['pytorch_model.bin', null, 'pytorch-zip'],
  ['pytorch_model.bin.index.json', null, null],
  ['A.ONNX', null, 'onnx'],
  ['model.json', null, 'tfjs'],
  ['model.h5', null, null],
  ['model.h5', 'npz', 'npz'],
  ['model.npz', 'keras', null],
])('%s, format %s: %s', (name, format, expected) => expect(writerFor(name, format)?.format ?? null).toBe(expected));
