import { openCheckpoint } from '@espalier/checkpoint';
import { allGolden, comparable, expected, fileSource, fixturePath } from '@espalier/testkit';
import { describe, expect, test, vi } from 'vitest';

// Seconds of work on a machine that does nothing else.
vi.setConfig({ testTimeout: 60_000 });

const golden = [...allGolden('safetensors/'), ...allGolden('pruned/')].filter(
  ([, one]) => one.format === 'safetensors',
);

describe.each(golden)('%s', (_, one) => {
  test('agrees with the safetensors library, to the last bit of every tensor', async () => {
    const folder = one.fixture.endsWith('.safetensors') ? '' : '/model.safetensors.index.json';
    const opened = await openCheckpoint(await fileSource(fixturePath(one.fixture + folder)));
    if (!opened.ok) throw new Error(JSON.stringify(opened.fault));
    const checkpoint = opened.value;
    expect(checkpoint.format).toBe(folder === '' ? 'safetensors' : 'safetensors-sharded');
    expect(checkpoint.findings).toEqual([]);

    const byName = new Map(checkpoint.tensors.map((tensor) => [tensor.name, tensor]));
    expect([...byName.keys()].sort()).toEqual(one.tensors.map((tensor) => tensor.name).sort());
    for (const wanted of one.tensors) {
      const tensor = byName.get(wanted.name)!;
      expect(await comparable(tensor, wanted)).toEqual(expected(wanted));
      expect(tensor.storage).toBe(wanted.storage);
    }
    for (const [key, value] of Object.entries(one.metadata ?? {})) expect(checkpoint.metadata[key]).toBe(value);
    await checkpoint.close();
  });
});
