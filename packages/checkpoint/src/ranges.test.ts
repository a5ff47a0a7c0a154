import { existsSync } from 'node:fs';
import { seeded } from '@espalier/base';
import { openCheckpoint } from '@espalier/checkpoint';
import { allGolden, fileSource, fixturePath, readAll } from '@espalier/testkit';
import { describe, expect, test, vi } from 'vitest';
import { readValues } from './values/readValues.js';

// Seconds of work on a machine that does nothing else.
vi.setConfig({ testTimeout: 60_000 });

const doors = ['', '/config.json', '/model.safetensors.index.json'];
const cases = ['npy/', 'npz/', 'pytorch/', 'packed/', 'safetensors/']
  .flatMap((prefix) => allGolden(prefix))
  .map(([, { fixture }]) => doors.map((door) => fixture + door).findLast((path) => existsSync(fixturePath(path)))!);

describe('any range of a tensor is that slice of the whole', () => {
  test.each(cases)('%s', async (path) => {
    const opened = await openCheckpoint(await fileSource(fixturePath(path)));
    if (!opened.ok) throw new Error(opened.fault.message);
    const rng = seeded(11);
    for (const tensor of opened.value.tensors) {
      if (tensor.data.kind === 'none') continue;
      const whole = await readAll(tensor);
      expect(whole.length).toBe(tensor.elements);
      for (let i = 0; i < 6; i++) {
        const begin = rng.below(tensor.elements);
        const count = rng.below(tensor.elements - begin + 1);
        expect(await readValues(tensor, begin, count)).toEqual(whole.slice(begin, begin + count));
      }
    }
    await opened.value.close();
  });
});
