import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { idleWork } from '@espalier/base';
import { type Checkpoint, openCheckpoint } from '@espalier/checkpoint';
import { type TensorHead, toHeads } from '@espalier/model';
import { fileSource, fixturePath, fixturesFolder } from '@espalier/testkit';
import { describe, expect, test } from 'vitest';
import { tensorStats } from '../stats/tensorStats.js';
import { pairsOf, renameCandidates, structureDiff } from './structureDiff.js';
import { valueDiff } from './valueDiff.js';

interface GoldenDiff {
  readonly before: string;
  readonly after: string;
  readonly structure: {
    readonly added: readonly string[];
    readonly removed: readonly string[];
    readonly renamed: readonly { readonly from: string; readonly to: string }[];
    readonly reshaped: readonly { readonly name: string }[];
    readonly retyped: readonly { readonly name: string }[];
  };
  readonly values: readonly ({
    readonly name: string;
    readonly maxAbsDelta: number | string;
    readonly l2Delta: number | string;
  } & Record<string, number>)[];
}

const folder = join(fixturesFolder, 'golden/compare');
const goldens = readdirSync(folder).map((name) => ({
  name,
  golden: JSON.parse(readFileSync(join(folder, name), 'utf8')) as GoldenDiff,
}));

describe.each(goldens)('$name', ({ golden }) => {
  test('differences agree with the reference', async () => {
    const [before, after] = await Promise.all([open(golden.before), open(golden.after)]);
    const names = renameCandidates(before.heads, after.heads);
    const digests = { before: await digestsOf(before, names.before), after: await digestsOf(after, names.after) };
    const structure = structureDiff(before.heads, after.heads, digests);
    expect({
      added: structure.added.map((head) => head.name).sort(),
      removed: structure.removed.map((head) => head.name).sort(),
      renamed: structure.renamed.map(({ before: from, after: to }) => ({ from, to })).sort(byName),
      reshaped: [...structure.reshaped].sort(byName),
      retyped: [...structure.retyped].sort(byName),
    }).toEqual({
      added: [...golden.structure.added].sort(),
      removed: [...golden.structure.removed].sort(),
      renamed: [...golden.structure.renamed].sort(byName),
      reshaped: [...golden.structure.reshaped].sort(byName),
      retyped: [...golden.structure.retyped].sort(byName),
    });
    const pairs = new Map(pairsOf(before.heads, after.heads, structure.renamed).map(([a, b]) => [b.name, a.name]));
    for (const expected of golden.values) {
      const a = before.checkpoint.tensors.find((entry) => entry.name === pairs.get(expected.name))!;
      const b = after.checkpoint.tensors.find((entry) => entry.name === expected.name)!;
      const result = await valueDiff(a, b, idleWork());
      if (!result.ok) throw new Error(result.fault.message);
      const { maxAbsDelta, l2Delta, ...counts } = expected;
      expect(result.value).toMatchObject({ ...counts, maxAbsDelta: Number(maxAbsDelta) });
      const l2 = Number(l2Delta);
      if (Number.isFinite(l2)) expect(result.value.l2Delta).toBeCloseTo(l2, 12);
      else expect(result.value.l2Delta).toBe(l2);
    }
    await Promise.all([before.checkpoint.close(), after.checkpoint.close()]);
  });
});

const byName = (a: object, b: object): number => JSON.stringify(a).localeCompare(JSON.stringify(b));

interface Side {
  readonly checkpoint: Checkpoint;
  readonly heads: readonly TensorHead[];
}

async function open(fixture: string): Promise<Side> {
  const opened = await openCheckpoint(await fileSource(fixturePath(fixture)));
  if (!opened.ok) throw new Error(opened.fault.message);
  return { checkpoint: opened.value, heads: toHeads(opened.value) };
}

async function digestsOf({ checkpoint, heads }: Side, names: readonly string[]): Promise<Map<string, string>> {
  const digests = new Map<string, string>();
  for (const name of names) {
    const index = heads.findIndex((head) => head.name === name);
    const stats = await tensorStats(checkpoint.tensors[index]!, heads[index]!, {}, idleWork());
    if (stats.ok && stats.value.digest !== null) digests.set(name, stats.value.digest);
  }
  return digests;
}
