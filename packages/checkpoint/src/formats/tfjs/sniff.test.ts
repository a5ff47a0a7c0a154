import { describe, expect, test } from 'vitest';
import { keysOf, sniffTfjs } from './sniff.js';

const sniff = (text: string, name = 'model.json') => sniffTfjs(new TextEncoder().encode(text), name);

describe('a TensorFlow.js file is known by its keys', () => {
  test.each([
    ['{"format": "layers-model", "generatedBy": "keras v2"', 'model'],
    ['{"format":"graph-model","modelTopology":{"node":[', 'model'],
    ['\n  {"modelTopology": {"class_name": "Seq', 'model'],
    ['{"userDefinedMetadata": {"a": [1, {"b": "}]"}]}, "weightsManifest": [', 'model'],
    ['\ufeff{"weightsManifest": [', 'model'],
    ['[{"weights": [{"name": "a", "shape"', 'manifest'],
    ['[\n  {\n "weights":\n [\n {"dtype":"float32","shape":[1]', 'manifest'],
    ['[{"paths": ["a.bin"], "weights": [{"name": "x"', 'manifest'],
  ])('%s', (text, kind) => expect(sniff(text)).toBe(kind));

  test.each([
    ['{"name": "espalier", "version": "1.0.0"}'],
    ['{"format": "something-else", "weights": []}'],
    ['{"nested": {"modelTopology": 1, "weightsManifest": 2}}'],
    ['{"text": "\\"modelTopology\\": 1"}'],
    ['[{"name": "x", "weights": [{"name": "a"}]}]'],
    ['[{"paths": ["src/*"]}]'],
    ['[1, 2, 3]'],
    ['"modelTopology"'],
    [''],
    ['{"unfinished'],
  ])('not %s', (text) => expect(sniff(text)).toBeNull());

  test('a long list of paths is enough in a file that is called a weights manifest', () => {
    const paths = Array.from({ length: 500 }, (_, i) => `"part-${i}"`).join(',');
    expect(sniff(`[{"paths": [${paths}`, 'x-weights_manifest.json')).toBe('manifest');
    expect(sniff(`[{"paths": [${paths}`, 'x.json')).toBeNull();
  });
});

test('keys come with their way from the root', () => {
  const text = '{"a": {"b": [{"c": "d"}, "e"]}, "f": "g"';
  expect([...keysOf(text)]).toEqual([
    { path: ['a'] },
    { path: ['a', 'b'] },
    { path: ['a', 'b', '[]', 'c'], text: 'd' },
    { path: ['f'], text: 'g' },
  ]);
});
