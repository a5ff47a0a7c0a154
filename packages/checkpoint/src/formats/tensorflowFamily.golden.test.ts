import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import {
  allGolden,
  allGoldenFaults,
  comparable,
  expected,
  fileSource,
  fixturePath,
  type Golden,
  type ReadLog,
} from '@espalier/testkit';
import { afterEach, describe, expect, test } from 'vitest';
import type { Checkpoint } from '../checkpoint.js';
import { openCheckpoint } from '../open.js';

let opened: Checkpoint | undefined;
afterEach(async () => {
  await opened?.close();
  opened = undefined;
});

/** The file of a folder that a person would open. */
function fileOf(fixture: string): string {
  const path = fixturePath(fixture);
  if (!statSync(path).isDirectory()) return path;
  const names = readdirSync(path);
  return join(
    path,
    names.find((name) => /^(?:model\.json|saved_model\.pb)$|weights_manifest\.json$|\.index$/.test(name))!,
  );
}

async function open(fixture: string, log?: ReadLog): Promise<Checkpoint> {
  const result = await openCheckpoint(await fileSource(fileOf(fixture), log));
  if (!result.ok) throw new Error(JSON.stringify(result.fault));
  opened = result.value;
  return opened;
}

const cases = ['tfjs/', 'keras/', 'hdf5/', 'tensorflow/'].flatMap((folder) => allGolden(folder));

test('the fixtures are there', () => {
  expect(cases.map(([path]) => path.split('/')[0])).toEqual(
    expect.arrayContaining(['tfjs', 'keras', 'hdf5', 'tensorflow']),
  );
  expect(cases.length).toBeGreaterThanOrEqual(24);
});

/** Datasets of a type or under a name that the golden file leaves out. */
const MORE: Readonly<Record<string, readonly string[]>> = {
  'hdf5/storage.h5.json': ['layers/bool', 'layers/same'],
  'hdf5/storage-latest.h5.json': ['layers/bool', 'layers/same'],
};
/** Tensors of which it is right to list them without values. */
const WITHOUT_VALUES: Readonly<Record<string, readonly string[]>> = { 'hdf5/external-data.h5.json': ['elsewhere'] };

describe.each(cases)('%s', (path, golden) => {
  test('has the tensors of the reference tool, bit by bit', async () => {
    const checkpoint = await open(golden.fixture);
    const byName = new Map(checkpoint.tensors.map((entry) => [entry.name, entry]));
    for (const tensor of golden.tensors) {
      const entry = byName.get(tensor.name);
      if (entry === undefined) throw new Error(`${tensor.name} is not among ${[...byName.keys()].join(', ')}`);
      expect(await comparable(entry, tensor)).toEqual(expected(tensor));
    }
    const texts = (golden.strings ?? []).map(({ name }) => name);
    for (const { name, shape, elements } of golden.strings ?? [])
      expect(byName.get(name)).toMatchObject({ dtype: 'STRING', shape, elements, roleHint: 'text' });
    const without = WITHOUT_VALUES[path] ?? [];
    expect([...byName.keys()].sort()).toEqual(
      [...golden.tensors.map(({ name }) => name), ...texts, ...without, ...(MORE[path] ?? [])].sort(),
    );
    for (const name of without) expect(byName.get(name)!.data).toMatchObject({ kind: 'none', fault: {} });
    for (const [key, value] of Object.entries(golden.metadata ?? {})) expect(checkpoint.metadata[key]).toBe(value);
  });

  test('knows the channels of its weights where it has a graph', async () => {
    const checkpoint = await open(golden.fixture);
    const byName = new Map(checkpoint.tensors.map((entry) => [entry.name, entry]));
    for (const layer of golden.graph ?? []) {
      const node = checkpoint.graph?.nodes.find(({ name }) => name === layer.name);
      if (node === undefined)
        throw new Error(`${layer.name} is not among ${checkpoint.graph?.nodes.map(({ name }) => name).join(', ')}`);
      expect(node.operator).toBe(layer.op);
      expect(node.inputs).toEqual(expect.arrayContaining([...layer.weights]));
      if (layer.outputAxis !== undefined)
        expect(byName.get(layer.weights[0]!)!.axes?.output).toEqual([layer.outputAxis].flat());
      const shapeOf = (value: string | undefined) => checkpoint.graph!.values.get(value ?? '')?.shape;
      if (layer.inputShape !== undefined)
        expect(node.inputs.map(shapeOf), `input of ${layer.name}`).toContainEqual(layer.inputShape);
      if (layer.outputShape !== undefined)
        expect(shapeOf(node.outputs[0]), `output of ${layer.name}`).toEqual(layer.outputShape);
    }
    if (golden.graph === undefined) return;
    for (const { name, structure } of golden.tensors) {
      const axes = byName.get(name)!.axes;
      if (structure === undefined || axes === undefined) continue;
      expect(axes.output, name).toEqual([structure.outputAxis].flat());
      expect(axes.input.length === 1 ? axes.input[0] : null, name).toBe(structure.inputAxis);
    }
  });
});

function bytesOf(golden: Golden): number {
  return (golden.files ?? []).reduce((sum, { bytes }) => sum + bytes, 0);
}

test('opening reads no values', async () => {
  for (const [path, golden] of cases) {
    if (!path.startsWith('tfjs/') && !path.startsWith('tensorflow/')) continue;
    const log: ReadLog = { reads: 0, bytes: 0 };
    await (await open(golden.fixture, log)).close();
    const texts = golden
      .files!.filter(({ path: file }) => /\.(?:json|index|pb)$/.test(file))
      .reduce((sum, { bytes }) => sum + bytes, 0);
    expect(log.bytes, path).toBeLessThanOrEqual(bytesOf(golden) * 0.5 + 2 * texts + 8192);
  }
});

/** What says that something is wrong (the fault, or a finding of a file whose rest is fine), and what is left to read. */
const SPOILT: Readonly<Record<string, readonly [code: string, readable: number]>> = {
  'hdf5-truncated': ['checkpoint/truncated', 0],
  'tfjs-escape': ['path/outside-folder', 0],
  'tfjs-huge-shape': ['checkpoint/header-malformed', 1],
  'tfjs-missing-shard': ['checkpoint/shard-missing', 2],
  'tfjs-short': ['checkpoint/truncated', 1],
};

const faults = allGoldenFaults()
  .filter(([, golden]) => /^checkpoints\/(?:faults\/)?(?:tfjs|keras|hdf5|tensorflow)\//.test(golden.fixture))
  .map(([path, golden]) => [path.replace(/^faults\/(.*)\.json$/, '$1'), golden] as const);

test.each(faults)('%s is told', async (name, golden) => {
  expect(SPOILT).toHaveProperty([name]);
  const [code, readable] = SPOILT[name]!;
  const result = await openCheckpoint(await fileSource(fileOf(golden.fixture)));
  expect(result.ok).toBe(golden.readable === true);
  const codes = result.ok ? result.value.findings.map((finding) => finding.code) : [result.fault.code];
  expect(codes).toContain(code);
  if (!result.ok) return;
  opened = result.value;
  expect(opened.tensors.filter(({ data }) => data.kind !== 'none')).toHaveLength(readable);
});
