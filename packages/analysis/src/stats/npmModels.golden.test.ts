import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { idleWork } from '@espalier/base';
import { openCheckpoint } from '@espalier/checkpoint';
import { toHeads } from '@espalier/model';
import { fileSource, fixturePath, fixturesFolder, type GoldenTensor } from '@espalier/testkit';
import { describe, expect, test } from 'vitest';
import { structureDiff } from '../diff/structureDiff.js';
import type { TensorFacts } from '../facts.js';
import { findingsFrom } from '../findings.js';
import { tensorStats } from './tensorStats.js';

/** Real models inside npm packages that are dev-dependencies of the root, and what the reference tools read from them. */
interface NpmModel {
  readonly package: string;
  readonly file: string;
  readonly totals: { readonly floatElements: number; readonly floatZeros: number };
  readonly tensors: readonly (Omit<GoldenTensor, 'mean' | 'std'> & {
    readonly mean?: number | null;
    readonly std?: number | null;
  })[];
}

const { models } = JSON.parse(readFileSync(fixturePath('golden/npm-models.json'), 'utf8')) as { models: NpmModel[] };
const pathOf = (model: NpmModel): string => join(fixturesFolder, '../node_modules', model.package, model.file);
const named = (file: string): NpmModel => models.find((model) => model.file.endsWith(file))!;

async function headsOf(model: NpmModel) {
  const opened = await openCheckpoint(await fileSource(pathOf(model)));
  if (!opened.ok) throw new Error(opened.fault.message);
  return { checkpoint: opened.value, heads: toHeads(opened.value) };
}

async function factsOf(model: NpmModel): Promise<TensorFacts[]> {
  const { checkpoint, heads } = await headsOf(model);
  const facts: TensorFacts[] = [];
  for (const [i, entry] of checkpoint.tensors.entries()) {
    const result = await tensorStats(entry, heads[i]!, {}, idleWork());
    facts.push(result.ok ? { head: heads[i]!, stats: result.value } : { head: heads[i]!, fault: result.fault });
  }
  await checkpoint.close();
  return facts;
}

const ratioOf = (facts: readonly TensorFacts[], name: string): number => {
  const { head, stats } = facts.find((fact) => fact.head.name === name)!;
  return stats!.zeros / head.elements;
};

describe.each(models)('$package $file', (model) => {
  test('every tensor has the numbers of the reference', { timeout: 60_000 }, async () => {
    const facts = await factsOf(model);
    const byName = new Map(facts.map((fact) => [fact.head.name, fact]));
    for (const expected of model.tensors) {
      const fact = byName.get((expected as { path?: string }).path ?? expected.name) ?? byName.get(expected.name);
      if (fact?.stats === undefined || expected.elements === 0) continue;
      const { name, zeros, exactZeros, nan, inf } = expected;
      const { stats } = fact;
      expect({ name, ...pick(stats) }).toEqual({ name, zeros, exactZeros, nan, inf });
      if (expected.min === undefined || expected.min === null) continue;
      expect({ name, min: stats.min, max: stats.max }).toEqual({ name, min: expected.min, max: expected.max });
      const size = Math.max(Math.abs(expected.min), Math.abs(expected.max!), Number.MIN_VALUE);
      expect(Math.abs(stats.mean! - expected.mean!) / size, name).toBeLessThan(1e-11);
      expect(Math.abs(stats.std! - expected.std!) / size, name).toBeLessThan(1e-9);
    }
    const floats = facts.filter(({ head, stats }) => stats !== undefined && head.dtype.startsWith('F'));
    expect(floats.reduce((sum, { head }) => sum + head.elements, 0)).toBe(model.totals.floatElements);
    expect(floats.reduce((sum, { stats }) => sum + stats!.zeros, 0)).toBe(model.totals.floatZeros);
  });
});

const pick = ({ zeros, exactZeros, nan, inf }: { zeros: number; exactZeros: number; nan: number; inf: number }) => ({
  zeros,
  exactZeros,
  nan,
  inf,
});

test('the language detector is a tenth zeros, and six of its tensors are texts', async () => {
  const facts = await factsOf(models.find((model) => model.package === '@vscode/vscode-languagedetection')!);
  expect(facts.filter(({ head }) => head.role === 'text')).toHaveLength(6);
  expect(facts.length).toBe(136);
});

test('one layer of the face recognizer is 89.2 % zeros', { timeout: 60_000 }, async () => {
  const facts = await factsOf(named('face_recognition_model-weights_manifest.json'));
  expect(ratioOf(facts, 'conv256_down_out/conv2/conv/filters')).toBeCloseTo(0.892, 3);
});

test('the tiny landmark model has a layer that is all zeros', async () => {
  const facts = await factsOf(named('face_landmark_68_tiny_model-weights_manifest.json'));
  expect(
    facts.some(({ head, stats }) => stats !== undefined && head.elements > 1 && stats.zeros === head.elements),
  ).toBe(true);
  expect(findingsFrom(facts).filter(({ severity }) => severity === 'error')).toEqual([]);
});

test('two wake words differ in the width of one layer', async () => {
  const [old, current] = [await headsOf(named('hello_deepa_old.onnx')), await headsOf(named('hello_deepa.onnx'))];
  const diff = structureDiff(old.heads, current.heads);
  expect([diff.added, diff.removed, diff.renamed, diff.retyped]).toEqual([[], [], [], []]);
  expect(diff.reshaped.length).toBeGreaterThan(0);
  await Promise.all([old.checkpoint.close(), current.checkpoint.close()]);
});
