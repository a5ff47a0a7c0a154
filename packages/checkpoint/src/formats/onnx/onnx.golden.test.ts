import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  comparable,
  digestOf,
  expected,
  fileSource,
  fixturePath,
  type GoldenTensor,
  goldenFor,
} from '@espalier/testkit';
import { afterEach, describe, expect, test } from 'vitest';
import type { Checkpoint, TensorEntry } from '../../checkpoint.js';
import { openCheckpoint } from '../../open.js';

let opened: Checkpoint | undefined;
afterEach(async () => {
  await opened?.close();
  opened = undefined;
});

async function openFixture(relative: string): Promise<Checkpoint> {
  const path = fixturePath(relative);
  const file = /\.onnx$/.test(path) ? path : join(path, readdirSync(path).find((name) => name.endsWith('.onnx'))!);
  const result = await openCheckpoint(await fileSource(file));
  if (!result.ok) throw new Error(JSON.stringify(result.fault));
  opened = result.value;
  return opened;
}

/** The golden name of a tensor in a subgraph is its own; here it is named by the way to it. */
const nameOf = (tensor: { name: string; path?: string }): string => tensor.path ?? tensor.name;

const names = readdirSync(fixturePath('golden/onnx')).map((name) => name.replace(/\.json$/, ''));

describe.each(names)('%s', (name) => {
  const golden = goldenFor(`onnx/${name}`);

  test('holds the tensors that onnx reads, bit by bit', async () => {
    const checkpoint = await openFixture(golden.fixture);
    expect(checkpoint.format).toBe('onnx');
    const byName = new Map(checkpoint.tensors.map((entry) => [entry.name, entry]));
    // The fill value of ConstantOfShape is a parameter; it is not listed.
    const folded = new Set((golden.packed ?? []).flatMap(({ parts }) => parts));
    const listed = [
      ...golden.tensors.filter((tensor) => tensor.name !== 'fill.value' && !folded.has(tensor.name)),
      ...(golden.packed ?? []),
    ];
    const strings = golden.strings ?? [];
    expect([...byName.keys()].sort()).toEqual([...listed, ...strings].map(nameOf).sort());
    for (const tensor of listed) {
      const entry = byName.get(nameOf(tensor))!;
      expect(await comparable(entry, tensor)).toEqual({ ...expected(tensor), name: nameOf(tensor) });
      await checkQuantization(entry, tensor);
      checkAxes(entry, tensor);
    }
    for (const text of strings) {
      expect(byName.get(nameOf(text))).toMatchObject({
        dtype: 'STRING',
        shape: text.shape,
        elements: text.elements,
        data: { kind: 'none', why: 'text' },
      });
    }
    expect(checkpoint.findings).toEqual([]);
  });

  test('has the operators that carry weights', async () => {
    const checkpoint = await openFixture(golden.fixture);
    for (const layer of golden.graph ?? []) {
      const node = checkpoint.graph!.nodes.find(
        ({ name, outputs }) => name === layer.name || outputs[0] === layer.name,
      );
      expect(node?.operator, layer.name).toBe(layer.op);
      const weights = node!.inputs.map((input) => checkpoint.graph!.values.get(input)?.tensor);
      for (const weight of layer.weights) expect(weights).toContain(weight);
    }
  });
});

async function checkQuantization(entry: TensorEntry, golden: GoldenTensor): Promise<void> {
  const { quantization } = golden;
  if (quantization === undefined) return;
  expect(entry.storage).toMatch(/affine/);
  if ('block' in quantization) {
    expect(entry.data.kind).toBe('decoded');
    return;
  }
  const { data } = entry;
  if (data.kind !== 'raw' || data.affine?.form !== 'zero-point') throw new Error(`${entry.name} has no affine`);
  expect([...data.affine.scales]).toEqual(quantization.scale);
  expect([...data.affine.zeroPoints]).toEqual(
    quantization.zeroPoint.length === quantization.scale.length
      ? quantization.zeroPoint
      : quantization.scale.map(() => quantization.zeroPoint[0]),
  );
  expect(data.affine.axis).toBe(quantization.axis);
  const stored = (golden as unknown as { stored: { digest: { as: 'f32' | 'f64'; sha256: string } } }).stored;
  const { affine: _, ...raw } = data;
  expect(await digestOf({ ...entry, data: raw }, stored.digest.as)).toBe(stored.digest.sha256);
}

function checkAxes(entry: TensorEntry, { structure }: GoldenTensor): void {
  // Nothing but an Identity takes this one, so the graph does not tell its axes.
  if (structure === undefined || entry.name === 'linear.weight') return;
  expect(entry.axes?.output, entry.name).toEqual([structure.outputAxis].flat());
  expect(entry.axes?.input, entry.name).toEqual(structure.inputAxis === null ? [] : [structure.inputAxis]);
}

describe('external data that lies', () => {
  test.each([
    ['external-escape', 'path/outside-folder'],
    ['external-absolute', 'path/outside-folder'],
    ['external-missing', 'path/not-found'],
    ['external-short', 'checkpoint/truncated'],
    ['external-huge', 'checkpoint/header-malformed'],
  ])('%s: one tensor is unreadable, the others are read', async (folder, code) => {
    const path = join('checkpoints/onnx', folder);
    expect(existsSync(fixturePath(path))).toBe(true);
    const checkpoint = await openFixture(path);
    const b = checkpoint.tensors.find(({ name }) => name === 'b')!;
    expect(b).toMatchObject({
      shape: [16, 8],
      elements: 128,
      data: { kind: 'none', why: 'unreadable', fault: { code } },
    });
    expect(checkpoint.findings).toEqual([expect.objectContaining({ code, severity: 'error', tensor: 'b' })]);
    const a = checkpoint.tensors.find(({ name }) => name === 'a')!;
    expect(a.data.kind).toBe('raw');
    expect(await digestOf(a, 'f32')).toMatch(/^[0-9a-f]{64}$/);
  });
});
