import { allGolden, comparable, expected, fileSource, fixturePath, type Golden } from '@espalier/testkit';
import { afterEach, describe, expect, test } from 'vitest';
import type { Checkpoint } from '../../checkpoint.js';
import { gguf } from './format.js';

let opened: Checkpoint | undefined;
afterEach(async () => {
  await opened?.close();
  opened = undefined;
});

async function openFixture(golden: Golden): Promise<Checkpoint> {
  opened = await gguf.open(await fileSource(fixturePath(golden.fixture)), {});
  return opened;
}

describe.each(allGolden('gguf/'))('%s', (_, golden) => {
  test('decodes as the gguf package does, bit by bit', async () => {
    const checkpoint = await openFixture(golden);
    expect(checkpoint.tensors.map(({ name }) => name)).toEqual(golden.tensors.map(({ name }) => name));
    expect(checkpoint.findings).toEqual([]);
    for (const [index, tensor] of golden.tensors.entries()) {
      const entry = checkpoint.tensors[index]!;
      expect(await comparable(entry, tensor)).toEqual(expected(tensor));
      expect(entry.storage).toBe(tensor.storage);
      if (entry.axes === undefined || tensor.structure === undefined) continue;
      expect([...entry.axes.output]).toEqual([tensor.structure.outputAxis].flat());
      expect([...entry.axes.input]).toEqual([tensor.structure.inputAxis].flat());
    }
  });

  test('states the metadata', async () => {
    const checkpoint = await openFixture(golden);
    expect(checkpoint.metadata).toMatchObject(golden.metadata ?? {});
  });
});
