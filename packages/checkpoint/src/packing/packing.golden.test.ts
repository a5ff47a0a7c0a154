import { openCheckpoint } from '@espalier/checkpoint';
import { allGolden, comparable, expected, fileSource, fixturePath } from '@espalier/testkit';
import { describe, expect, test, vi } from 'vitest';

// Seconds of work on a machine that does nothing else.
vi.setConfig({ testTimeout: 60_000 });

describe.each(allGolden('packed/'))('%s', (_, golden) => {
  test.each(['config.json', 'model.safetensors'])('opened by %s, weights decode as they were meant', async (name) => {
    const opened = await openCheckpoint(await fileSource(fixturePath(`${golden.fixture}/${name}`)));
    if (!opened.ok) throw new Error(JSON.stringify(opened.fault));
    const checkpoint = opened.value;
    expect(checkpoint.findings).toEqual([]);
    const byName = new Map(checkpoint.tensors.map((tensor) => [tensor.name, tensor]));

    const folded = new Set(golden.packed!.flatMap((weight) => weight.parts));
    const kept = golden.tensors.filter((tensor) => !folded.has(tensor.name));
    const names = [...kept, ...golden.packed!].map((tensor) => tensor.name);
    expect([...byName.keys()].sort()).toEqual(names.sort());
    for (const wanted of [...kept, ...golden.packed!]) {
      const tensor = byName.get(wanted.name)!;
      expect(await comparable(tensor, wanted)).toEqual(expected(wanted));
      expect(tensor.storage).toBe(wanted.storage);
    }
    for (const wanted of golden.packed!)
      expect([...byName.get(wanted.name)!.packedFrom!].sort()).toEqual([...wanted.parts].sort());
    const parameters = checkpoint.tensors.reduce((sum, tensor) => sum + tensor.elements, 0);
    expect(parameters).toBe(golden.totals!.parameters);
    await checkpoint.close();
  });
});
