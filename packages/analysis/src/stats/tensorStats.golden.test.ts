import { idleWork } from '@espalier/base';
import { openCheckpoint } from '@espalier/checkpoint';
import { toHeads } from '@espalier/model';
import { allGolden, fileSource, fixturePath, type GoldenTensor } from '@espalier/testkit';
import { describe, expect, test } from 'vitest';
import type { TensorStats } from '../facts.js';
import { tensorStats } from './tensorStats.js';

/** Formats whose readers are tested for their values elsewhere; here their numbers are. Folders are opened by their index. */
const goldens = allGolden().filter(([, golden]) =>
  /\.(safetensors|npy|npz|gguf|onnx|pt|pth|bin)$/.test(golden.fixture),
);

describe.each(goldens.map(([name, golden]) => ({ name, golden })))('$name', ({ golden }) => {
  test('statistics agree with the reference', async () => {
    const opened = await openCheckpoint(await fileSource(fixturePath(golden.fixture)));
    if (!opened.ok) {
      expect(opened.fault.code).toBe('checkpoint/unknown-format');
      return;
    }
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
      compare(result.value, expected, heads[index]!.prunable);
    }
    await opened.value.close();
    const nothing = golden.tensors.every(({ elements }) => elements === 0);
    expect(compared > 0 || nothing).toBe(true);
  });
});

function compare(stats: TensorStats, golden: GoldenTensor, prunable: boolean): void {
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
  if (golden.structure !== undefined && prunable) {
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
