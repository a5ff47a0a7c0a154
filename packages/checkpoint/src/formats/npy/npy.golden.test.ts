import { openCheckpoint } from '@espalier/checkpoint';
import { allGolden, comparable, expected, fileSource, fixturePath } from '@espalier/testkit';
import { describe, expect, test, vi } from 'vitest';

// Seconds of work on a machine that does nothing else.
vi.setConfig({ testTimeout: 60_000 });

describe.each([...allGolden('npy/'), ...allGolden('npz/')])('%s', (_, golden) => {
  test('agrees with numpy.load, to the last bit of every array', async () => {
    const opened = await openCheckpoint(await fileSource(fixturePath(golden.fixture)));
    if (!opened.ok) throw new Error(JSON.stringify(opened.fault));
    const checkpoint = opened.value;
    expect(checkpoint.format).toBe(golden.format);

    const numbers = checkpoint.tensors.filter((tensor) => tensor.dtype !== 'STRING' && tensor.dtype !== 'UNKNOWN');
    expect(numbers.map((tensor) => tensor.name)).toEqual(golden.tensors.map((tensor) => tensor.name));
    for (const [index, tensor] of numbers.entries()) {
      expect(await comparable(tensor, golden.tensors[index]!)).toEqual(expected(golden.tensors[index]!));
    }
    const texts = checkpoint.tensors.filter((tensor) => tensor.dtype === 'STRING');
    expect(texts.map(({ name, shape }) => ({ name, shape }))).toEqual(
      (golden.strings ?? []).map(({ name, shape }) => ({ name, shape })),
    );
    await checkpoint.close();
  });
});
