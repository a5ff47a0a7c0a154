import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { listCheckpoints } from './demo.mjs';

let folder;
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A folder that holds these files; the values are their contents. */
function list(files) {
  folder = mkdtempSync(path.join(os.tmpdir(), 'espalier-demo-'));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    writeFileSync(path.join(folder, name), content);
  }
  return listCheckpoints(folder).map((file) => path.relative(folder, file).replaceAll('\\', '/'));
}

test('certain endings, in folders too, sorted', () =>
  expect(list({ 'b.onnx': '', 'a.safetensors': '', 'README.md': '', 'old/c.PT': '' })).toEqual([
    'a.safetensors',
    'b.onnx',
    'old/c.PT',
  ]));

test('an index stands for its shards', () => {
  const index = JSON.stringify({ weight_map: { w: 'm-1-of-2.safetensors', v: 'm-2-of-2.safetensors' } });
  expect(
    list({
      'm.safetensors.index.json': index,
      'm-1-of-2.safetensors': '',
      'm-2-of-2.safetensors': '',
      'x.safetensors': '',
    }),
  ).toEqual(['m.safetensors.index.json', 'x.safetensors']);
});

test('a TensorFlow.js model and a bare manifest stand for their weights', () => {
  const model = JSON.stringify({ modelTopology: {}, weightsManifest: [{ paths: ['w.bin'], weights: [] }] });
  const manifest = JSON.stringify([{ paths: ['shard1'], weights: [] }]);
  expect(
    list({ 'model.json': model, 'w.bin': 'PK\u0003\u0004', 'n-weights_manifest.json': manifest, shard1: '' }),
  ).toEqual(['model.json', 'n-weights_manifest.json']);
});

test('other JSON is none, even when it is broken or odd', () =>
  expect(list({ 'config.json': '{"layers": 3}', 'broken.json': '{', 'null.json': 'null', 'empty.json': '[]' })).toEqual(
    [],
  ));

test('a .bin is a checkpoint when it is a zip or a pickle', () =>
  expect(
    list({
      'zip.bin': 'PK\u0003\u0004…',
      'pickle.bin': Buffer.from([0x80, 2, 0x8a]),
      'raw.bin': 'abcd',
      'empty.bin': '',
    }),
  ).toEqual(['pickle.bin', 'zip.bin']));

test('a SavedModel stands for its variables, a bundle is named by its index', () =>
  expect(
    list({
      'sm/saved_model.pb': '',
      'sm/variables/variables.index': '',
      'ckpt/model.index': '',
      'ckpt/model.data-0': '',
    }),
  ).toEqual(['ckpt/model.index', 'sm/saved_model.pb']));

test('a folder that is not there is empty', () => expect(listCheckpoints('/no/such/folder')).toEqual([]));
