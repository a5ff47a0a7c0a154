import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { memorySource } from '@espalier/tensor';
import { type Comparable, comparable, expected, fileSource, fixturePath, type GoldenTensor } from '@espalier/testkit';
import { describe, expect, test } from 'vitest';
import { onnx } from './format.js';

/** The models of the ONNX project as Debian packs them (`apt-get install libonnx-testdata`): those with tensors, and how many have none. */
interface Testdata {
  readonly package: string;
  readonly root: string;
  readonly modelsWithoutTensors: number;
  readonly models: readonly {
    readonly file: string;
    readonly sha256: string;
    readonly strings: readonly { readonly name: string; readonly path?: string; readonly shape: readonly number[] }[];
    readonly tensors: readonly (GoldenTensor & { readonly optional?: boolean })[];
  }[];
}

const testdata = JSON.parse(readFileSync(fixturePath('golden/onnx-testdata.json'), 'utf8')) as Testdata;

describe.skipIf(!existsSync(testdata.root))(testdata.package, () => {
  test.each(testdata.models)('$file', async ({ file, sha256, strings, tensors }) => {
    const bytes = new Uint8Array(readFileSync(join(testdata.root, file)));
    if (createHash('sha256').update(bytes).digest('hex') !== sha256) return;
    const checkpoint = await onnx.open(memorySource('model.onnx', bytes), {});
    const read: Record<string, Comparable> = {};
    const wanted: Record<string, Comparable> = {};
    const byName = new Map(checkpoint.tensors.map((entry) => [entry.name, entry]));
    for (const tensor of tensors) {
      const name = tensor.path ?? tensor.name;
      const entry = byName.get(name);
      if (entry === undefined && tensor.optional === true) continue;
      wanted[name] = { ...expected(tensor), name };
      if (entry !== undefined) read[name] = await comparable(entry, tensor);
    }
    expect(read).toEqual(wanted);
    const texts = strings.map(({ name, path }) => path ?? name);
    expect([...byName.keys()].sort()).toEqual([...Object.keys(wanted), ...texts].sort());
  });

  test('every model opens, and the others have no tensor', { timeout: 60_000 }, async () => {
    const withTensors = new Set(testdata.models.map(({ file }) => file));
    const files = (await readdir(testdata.root, { recursive: true })).filter((file) => file.endsWith('.onnx'));
    expect(files.length).toBe(withTensors.size + testdata.modelsWithoutTensors);
    for (const file of files) {
      const checkpoint = await onnx.open(await fileSource(join(testdata.root, file)), {});
      expect(checkpoint.graph!.nodes.length + checkpoint.tensors.length, file).toBeGreaterThan(0);
      if (!withTensors.has(file)) expect(checkpoint.tensors, file).toEqual([]);
      expect(checkpoint.findings, file).toEqual([]);
      await checkpoint.close();
    }
  });
});
