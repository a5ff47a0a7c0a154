import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { idleWork } from '@espalier/base';
import { openCheckpoint } from '@espalier/checkpoint';
import { type TensorHead, toHeads } from '@espalier/model';
import { allGolden, fileSource, fixturePath, type GoldenTensor } from '@espalier/testkit';
import { describe, expect, test } from 'vitest';
import type { TensorStats } from '../facts.js';
import { tensorStats } from './tensorStats.js';

/** The file of a fixture that a person would open. */
function fileOf(fixture: string): string {
  const path = fixturePath(fixture);
  if (!statSync(path).isDirectory()) return path;
  const names = readdirSync(path);
  const door =
    weightsOf(names) ??
    names.find((name) => /^(model\.json|saved_model\.pb)$|weights_manifest\.json$|\.index$|\.onnx$/.test(name));
  if (door === undefined) throw new Error(`${fixture} holds ${names.join(', ')}`);
  return join(path, door);
}

const weightsOf = (names: readonly string[]): string | undefined =>
  ['model.safetensors', 'model.safetensors.index.json', 'pytorch_model.bin.index.json'].find((name) =>
    names.includes(name),
  );

const goldens = allGolden();

describe.each(goldens.map(([name, golden]) => ({ name, golden })))('$name', ({ golden }) => {
  test('statistics agree with the reference', async () => {
    const opened = await openCheckpoint(await fileSource(fileOf(golden.fixture)));
    if (!opened.ok) throw new Error(opened.fault.message);
    const heads = toHeads(opened.value);
    let compared = 0;
    // What several stored tensors stand for takes the place of the stored one of that name.
    const packed = golden.packed ?? [];
    const folded = new Set(packed.map(({ name }) => name));
    for (const expected of [...golden.tensors.filter(({ name }) => !folded.has(name)), ...packed]) {
      const index = opened.value.tensors.findIndex(({ name }) => name === expected.name || name === pathOf(expected));
      const entry = opened.value.tensors[index];
      if (entry === undefined || entry.data.kind === 'none' || entry.shape.join() !== expected.shape.join()) continue;
      compared++;
      const result = await tensorStats(entry, heads[index]!, {}, idleWork());
      if (!result.ok) throw new Error(`${expected.name}: ${result.fault.message}`);
      compare(result.value, expected, heads[index]!);
    }
    await opened.value.close();
    const nothing = golden.tensors.every(({ elements }) => elements === 0);
    expect(compared > 0 || nothing).toBe(true);
  });
});

function compare(stats: TensorStats, golden: Omit<GoldenTensor, 'path'>, head: TensorHead): void {
  const name = golden.name;
  const { zeros, exactZeros, nan, inf, min, max, absmax, quantiles } = golden;
  expect({ name, ...pick(stats) }).toEqual({ name, zeros, exactZeros, nan, inf, min, max, absmax, quantiles });
  if (golden.mean !== null) {
    const size = Math.max(Math.abs(golden.absmax ?? 0), Number.MIN_VALUE);
    expect(Math.abs(stats.mean! - golden.mean) / size, `${name} mean`).toBeLessThan(1e-12);
    expect(Math.abs(stats.std! - golden.std!) / size, `${name} std`).toBeLessThan(1e-12);
  }
  if (golden.histogram !== undefined) {
    const counts = stats.histogram!.counts;
    const moved = counts.reduce((sum, count, bin) => sum + Math.abs(count - golden.histogram![bin]!), 0);
    expect(moved, `${name} histogram`).toBeLessThanOrEqual(2);
  }
  if (golden.structure !== undefined && head.role !== 'constant') {
    const { outputAxis, inputAxis } = golden.structure;
    const output = typeof outputAxis === 'number' ? [outputAxis] : outputAxis;
    expect({ name, output: head.axes.output, input: head.axes.input }).toEqual({
      name,
      output,
      input: inputAxis === null ? [] : [inputAxis],
    });
    const { patterns, deadOutputChannels, deadInputChannels, blocks } = golden.structure;
    expect({ name, patterns: stats.patterns }).toEqual({ name, patterns });
    expect({ name, dead: stats.deadOutputs, inputs: stats.deadInputs }).toEqual({
      name,
      dead: deadOutputChannels.slice(0, 64),
      inputs: deadInputChannels.slice(0, 64),
    });
    for (const [shape, counts] of Object.entries(blocks))
      expect({ name, shape, ...stats.blocks[shape as '4x4'] }).toMatchObject({ shape, ...counts });
  }
}

const pick = ({ zeros, exactZeros, nan, inf, min, max, absmax, quantiles }: TensorStats) => ({
  zeros,
  exactZeros,
  nan,
  inf,
  min,
  max,
  absmax,
  quantiles,
});

const pathOf = (tensor: { readonly path?: string; readonly name: string }): string => tensor.path ?? tensor.name;
