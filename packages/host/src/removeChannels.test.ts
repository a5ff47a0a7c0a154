import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { idleWork, seeded } from '@espalier/base';
import { openCheckpoint } from '@espalier/checkpoint';
import { runRecipe } from '@espalier/service';
import { memorySource } from '@espalier/tensor';
import { fixturePath } from '@espalier/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { changePorts } from './changePorts.js';
import { onnxRuntime } from './onnxRuntime.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-remove-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const ports = changePorts(() => ({ workspaceRoots: [], trusted: true }), '1.0.0');

interface Removed {
  readonly tensor: string;
  readonly axis: number;
  readonly before: number;
  readonly after: number;
  readonly indices: readonly number[];
}

/** Runs a step on a model; what it took out, by the manifest beside the output. */
async function remove(name: string, steps: string, from = fixturePath(`removal/${name}.onnx`)) {
  copyFileSync(from, join(folder, 'in.onnx'));
  const recipe = `input: in.onnx\nsteps:\n${steps}\noutput: out.onnx\n`;
  const done = await runRecipe({ recipe, folder, overwrite: true, detail: 'full' }, ports, idleWork());
  if (!done.ok) return { done, removed: [], notes: [] };
  const manifest = join(folder, 'out.onnx.shapes.json');
  const removed: Removed[] = existsSync(manifest) ? JSON.parse(readFileSync(manifest, 'utf8')).removed : [];
  return { done, removed, notes: done.value.notes };
}

/** The outputs of a model for an image of a seed. */
async function outputs(path: string, side: number): Promise<number[]> {
  const runtime = await onnxRuntime(folder);
  if (!runtime.ok) throw new Error(runtime.fault.message);
  const model = await runtime.value.load(readFileSync(path), 1);
  if (!model.ok) throw new Error(model.fault.message);
  const chance = seeded(7);
  const values = Float32Array.from({ length: 3 * side * side }, () => 2 * chance.next() - 1);
  const answer = await model.value.run(new Map([['image', { dtype: 'F32', shape: [1, 3, side, side], values }]]));
  await model.value.release();
  if (!answer.ok) throw new Error(answer.fault.message);
  return Array.from(answer.value.get('logits')!);
}

/** The input with zeros in what makes the channels that went: their weights, scales and offsets. Nothing that reads them is touched. */
async function masked(removed: readonly Removed[], makesAlong: (tensor: string) => number | null): Promise<string> {
  const bytes = new Uint8Array(readFileSync(join(folder, 'in.onnx')));
  const opened = await openCheckpoint(memorySource('in.onnx', bytes));
  if (!opened.ok) throw new Error(opened.fault.message);
  const view = new DataView(bytes.buffer);
  for (const { tensor, axis, indices } of removed) {
    if (makesAlong(tensor) !== axis) continue;
    const { shape, data, elements } = opened.value.tensors.find(({ name }) => name === tensor)!;
    if (data.kind !== 'raw') throw new Error(`${tensor} is not stored raw`);
    const inner = shape.slice(axis + 1).reduce((a, b) => a * b, 1);
    for (let i = 0; i < elements; i++)
      if (indices.includes(Math.floor(i / inner) % shape[axis]!)) view.setFloat32(data.begin + 4 * i, 0, true);
  }
  await opened.value.close();
  const path = join(folder, 'masked.onnx');
  writeFileSync(path, bytes);
  return path;
}

const close = (a: readonly number[], b: readonly number[]): void => {
  expect(a).toHaveLength(b.length);
  for (const [i, value] of a.entries()) expect(Math.abs(value - b[i]!)).toBeLessThan(1e-4 * (1 + Math.abs(b[i]!)));
};

/** Depthwise weights, means, variances and slopes stay: scale and offset alone make the channel zero. Matrix products make columns. */
const makes = (tensor: string): number | null => {
  if (/\.(mean|var)$|^depth\.weight$|^slope$/.test(tensor)) return null;
  return tensor === 'hidden.weight' || /MatMul_|^val_/.test(tensor) ? 1 : 0;
};

describe.each([
  ['residual', 16, ['stem.weight', 'a1.weight', 'b1.weight', 'b2.weight']],
  ['mobile', 8, ['stem.weight', 'gate1.weight', 'point.weight', 'hidden.weight']],
  ['wide', 8, ['stem.weight', 'dense1.weight', 'dense2.weight', 'trans.weight', 'grouped.weight', 'from_large.weight']],
  ['transformer', 8, ['blocks.0.qkv.bias', 'blocks.0.fc1.bias']],
  ['transformer_traced', 8, ['blocks.0.qkv.bias', 'blocks.0.fc1.bias']],
])('channels taken out of %s', (name, side, groups) => {
  test.each(['l1', 'l2'])(
    'by %s give what the model gives whose dropped channels have no scale and offset',
    async (by) => {
      const { done, removed } = await remove(
        name,
        `  - structure: { method: remove, criterion: ${by}, sparsity: 0.4 }`,
      );
      expect(done.ok).toBe(true);
      const cut = removed.filter(({ tensor, axis }) => makes(tensor) === axis).map(({ tensor }) => tensor);
      expect(cut).toEqual(expect.arrayContaining(groups));
      for (const { before, after, indices } of removed) expect(after).toBe(before - indices.length);
      const small = await outputs(join(folder, 'out.onnx'), side);
      close(small, await outputs(await masked(removed, makes), side));
      // Not because nothing depends on what went.
      const whole = await outputs(join(folder, 'in.onnx'), side);
      expect(Math.max(...small.map((value, i) => Math.abs(value - whole[i]!)))).toBeGreaterThan(1e-2);
      expect(readFileSync(join(folder, 'out.onnx')).length).toBeLessThan(readFileSync(join(folder, 'in.onnx')).length);
    },
  );
});

test('channels of a split stay as the split needs them, those of slices where they were', async () => {
  const { removed } = await remove('wide', '  - structure: { method: remove, criterion: l1, sparsity: 0.5 }');
  const of = (tensor: string, axis = 0) => removed.find((one) => one.tensor === tensor && one.axis === axis)!;
  // Halves stay halves, and a group of four channels goes with the six that it makes.
  const trans = of('trans.weight');
  expect(trans.indices.filter((channel) => channel < 8)).toHaveLength(trans.indices.length / 2);
  expect(of('grouped.weight').indices.length % 6).toBe(0);
  expect(of('from_large.weight', 1).after + of('from_small.weight', 1).after).toBe(of('grouped.weight').after);
  // What is turned around by slices is read from other places.
  const [made, read] = [of('from_large.weight').indices, of('fc.weight', 1).indices];
  expect(read).toEqual(made.map((channel) => (channel < 5 ? channel + 3 : channel - 5)).sort((a, b) => a - b));
});

test('heads of attention go whole, with keys and values that others share', async () => {
  const { removed } = await remove('transformer', '  - structure: { method: remove, criterion: l2, sparsity: 0.5 }');
  const qkv = removed.find(({ tensor }) => tensor === 'blocks.0.qkv.bias')!.indices;
  expect(qkv).toHaveLength(24);
  // Four heads of four places each in queries, keys and values: the same two of each.
  const heads = [...new Set(qkv.map((place) => Math.floor(place / 4)))];
  expect(heads.map((head) => head % 4)).toEqual([0, 1, 2].flatMap(() => heads.slice(0, 2)));
  const [queries, keys] = [8, 4].map((places) =>
    removed.filter(({ axis, indices }) => axis === 1 && indices.length === places),
  );
  expect(queries!.map(({ before }) => before)).toContain(16);
  expect(keys!.map(({ before }) => before)).toEqual([8, 8]);
});

test('channels that are added go together: the same of every layer', async () => {
  const { removed } = await remove('residual', '  - structure: { method: remove, criterion: l1, sparsity: 0.5 }');
  const of = (tensor: string, axis = 0) => removed.find((one) => one.tensor === tensor && one.axis === axis)?.indices;
  expect(of('stem.weight')).toEqual(of('a2.weight'));
  expect(of('stem_bn.var')).toEqual(of('a1.weight', 1));
  expect(of('b2.weight')).toEqual(of('b_short.weight'));
  expect(of('b2.weight')).toEqual(of('fc.weight', 1));
  expect(of('fc.weight', 0)).toBeUndefined();
});

test('the report counts what is left: weights, multiply-adds, time of layers as they were and as they are', async () => {
  const { done } = await remove('residual', '  - structure: { method: remove, criterion: l1, sparsity: 0.5 }');
  if (!done.ok) throw new Error(JSON.stringify(done));
  const { plan, verdict, latency, bridge } = done.value.report!.content;
  // 16 × 16 positions of the stem, 8 × 8 and 4 × 4 afterwards, by the weights of each layer.
  const stem = plan.layers.find(({ name }) => name === 'stem.weight')!;
  expect(stem.macs).toEqual({
    before: { dense: 16 * 27 * 256, effective: 16 * 27 * 256 },
    after: { dense: 8 * 27 * 256, effective: 8 * 27 * 256 },
  });
  const a1 = plan.layers.find(({ name }) => name === 'a1.weight')!;
  expect(a1.macs!.after.dense).toBe(a1.macs!.before.dense / 4);
  expect(plan.totals.prunableElements).toEqual({ before: 14784, after: 3984 });
  const said = verdict
    .flat()
    .map(({ text }) => text)
    .join('');
  expect(said).toContain('3.7x fewer weights: 14,784 → 3,984;');
  expect(said).toMatch(/x fewer multiply-adds;/);
  expect(said).toContain('with the channels that are left,');
  expect(said).not.toContain('skip their zeros');
  expect(latency[0]!.after.value).toBeGreaterThan(0);
  expect(a1.latency!.problem).toBe('16×144 by 64');
  expect(a1.latency!.ways.map(({ way }) => way)).toEqual(['dense', 'channels-removed']);
  expect(bridge![1]!.label).toBe('if every weight that is gone saved its share');
});

test('an excluded layer keeps its channels, and so do those that are added to it; it reads fewer', async () => {
  const { removed } = await remove(
    'residual',
    '  - structure: { method: remove, criterion: l1, sparsity: 0.5 }\n    exclude: [b_short.weight]',
  );
  const at = removed.filter(({ tensor }) => /^(b2|b_short|fc)\.weight$/.test(tensor));
  expect(at.map(({ tensor, axis }) => [tensor, axis])).toEqual(
    expect.arrayContaining([
      ['b_short.weight', 1],
      ['b2.weight', 1],
    ]),
  );
  expect(at.every(({ axis }) => axis === 1)).toBe(true);
  expect(at.some(({ tensor }) => tensor === 'fc.weight')).toBe(false);
  close(await outputs(join(folder, 'out.onnx'), 16), await outputs(await masked(removed, makes), 16));
});

test('what stays is a multiple where that is asked for', async () => {
  const { removed } = await remove(
    'residual',
    '  - structure: { method: remove, criterion: l2, sparsity: 0.4, multiple: 8 }',
  );
  expect(removed.length).toBeGreaterThan(0);
  for (const { after } of removed) expect(after % 8).toBe(0);
});

test.each([
  ['residual', 16],
  ['mobile', 8],
])('channels of %s that give 0 go by default, and the model gives what it gave', async (name, side) => {
  const first = await remove(name, '  - structure: { method: remove, criterion: l1, sparsity: 0.4 }');
  const zeroed = await masked(first.removed, makes);
  const again = await remove(name, '  - structure: remove', zeroed);
  expect(again.removed).toEqual(first.removed);
  close(await outputs(join(folder, 'out.onnx'), side), await outputs(zeroed, side));
});

test('what channels without weights give becomes an offset of what reads them, and the model gives what it gave', async () => {
  const masks = '  - prune: { method: channel, sparsity: 0.5 }\n';
  const pruned = await remove('mobile', masks);
  expect(pruned.done.ok).toBe(true);
  const zeroed = join(folder, 'pruned.onnx');
  copyFileSync(join(folder, 'out.onnx'), zeroed);
  const { removed, notes } = await remove('mobile', `${masks}  - structure: remove`);
  expect(removed.some(({ tensor }) => tensor === 'point.weight')).toBe(true);
  const folded = notes.find(({ code }) => code === 'remove/folded');
  expect(folded?.message).toMatch(/offsets of \d layers now/);
  const small = await outputs(join(folder, 'out.onnx'), 8);
  close(small, await outputs(zeroed, 8));
  // Channels whose constant meets a border that is padded stay.
  expect(notes.filter(({ code }) => code === 'remove/constant').map(({ tensor }) => tensor)).toContain('stem.weight');
});

test('what is not understood is left alone with its reason', async () => {
  const { done, removed } = await remove('odd', '  - structure: { method: remove, criterion: l1 }');
  if (!done.ok) throw new Error(JSON.stringify(done));
  const gone = [...new Set(removed.map(({ tensor }) => tensor))].sort();
  expect(gone).toEqual(['fc.weight', 'free.bias', 'free.weight', 'sigmoid.weight', 'to_split.bias', 'to_split.weight']);
  // Its channels stay, and it reads fewer.
  expect(removed.find(({ tensor }) => tensor === 'sigmoid.weight')!.axis).toBe(1);
  const why = new Map(done.value.report!.content.plan.layers.map(({ name, leftAlone }) => [name, leftAlone]));
  expect(why.get('sigmoid.weight')).toBeNull();
  expect(why.get('shared.weight')).toBe('no channel of it goes');
  expect(why.get('to_grouped.weight')).toBe('Conv reads its channels, and is not understood here');
  const masks = await masked(removed, (name) => (/^(free|to_split)/.test(name) ? 0 : null));
  close(await outputs(join(folder, 'out.onnx'), 8), await outputs(masks, 8));
});

test('a real export keeps running', async () => {
  const { done, removed } = await remove(
    '',
    '  - structure: { method: remove, criterion: l1, sparsity: 0.25 }',
    fixturePath('demo/models/resnet-tiny-80.onnx'),
  );
  expect(done.ok).toBe(true);
  expect(removed.length).toBeGreaterThan(5);
});

test('a state dict of no family that is known is refused', async () => {
  copyFileSync(fixturePath('checkpoints/safetensors/dtypes.safetensors'), join(folder, 'in.safetensors'));
  const recipe = 'input: in.safetensors\nsteps: [{ structure: remove }]\noutput: out.safetensors\n';
  const done = await runRecipe({ recipe, folder, overwrite: true, detail: 'full' }, ports, idleWork());
  expect(done).toMatchObject({ ok: false, fault: { kind: 'fault', fault: { code: 'remove/no-graph' } } });
});
