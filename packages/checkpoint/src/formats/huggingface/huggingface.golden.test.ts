import { readdirSync } from 'node:fs';
import { openCheckpoint } from '@espalier/checkpoint';
import { allGolden, comparable, expected, fileSource, fixturePath } from '@espalier/testkit';
import { describe, expect, test, vi } from 'vitest';
import { huggingfaceDoor } from './door.js';

// Seconds of work on a machine that does nothing else.
vi.setConfig({ testTimeout: 60_000 });

describe.each(allGolden('huggingface/'))('%s', (_, golden) => {
  test('is one checkpoint, whichever of its files is opened', async () => {
    const names = readdirSync(fixturePath(golden.fixture));
    const door = huggingfaceDoor(names)!;
    expect(door).toBe('config.json');
    for (const name of [door, ...names.filter((one) => one.endsWith('.index.json'))]) {
      const opened = await openCheckpoint(await fileSource(fixturePath(`${golden.fixture}/${name}`)));
      if (!opened.ok) throw new Error(JSON.stringify(opened.fault));
      const checkpoint = opened.value;
      expect(checkpoint.format).toBe('huggingface-folder');
      expect(checkpoint.metadata.model_type).toBe('llama');
      expect(checkpoint.findings).toEqual([]);
      const byName = new Map(checkpoint.tensors.map((tensor) => [tensor.name, tensor]));
      expect([...byName.keys()].sort()).toEqual(golden.tensors.map((tensor) => tensor.name).sort());
      for (const wanted of golden.tensors)
        expect(await comparable(byName.get(wanted.name)!, wanted)).toEqual(expected(wanted));
      await checkpoint.close();
    }
  });
});
