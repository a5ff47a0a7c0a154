import { join } from 'node:path';
import { allGoldenFaults, fileSource, fixtureFolder, fixturePath, survive } from '@espalier/testkit';
import { describe, expect, test } from 'vitest';
import { openCheckpoint } from '../../open.js';

/** Fixture to number of spoilt copies. */
const FIXTURES: readonly (readonly [string, number])[] = [
  ['version-2.gguf', 700],
  ['big-endian.gguf', 500],
  ['metadata.gguf', 400],
  ['types.gguf', 400],
  ['llama-tiny-Q4_K_M.gguf', 100],
];

describe('spoilt GGUF files end in a fault or in readable tensors', () => {
  test.each(FIXTURES)('%s, %i copies', { timeout: 60_000 }, async (fixture, count) => {
    const { name, bytes, around } = fixtureFolder(fixturePath(join('checkpoints/gguf', fixture)));
    const outcomes = await survive(name, bytes, 20_260_402 + count, count, around);
    expect(outcomes.files).toBe(count);
    expect(outcomes.faults).toBeGreaterThan(0);
    expect(outcomes.opened).toBeGreaterThan(0);
  });
});

describe('GGUF files that lie', () => {
  const faults = allGoldenFaults().filter(([, { fixture }]) => fixture.startsWith('checkpoints/faults/gguf/'));
  test.each(faults)('%s', async (_, { fixture, readable, offset }) => {
    const opened = await openCheckpoint(await fileSource(fixturePath(fixture)));
    if (readable === true) {
      if (!opened.ok) throw new Error(opened.fault.message);
      expect(opened.value.findings.length).toBeGreaterThan(0);
      await opened.value.close();
    } else if (readable === false) {
      expect(opened).toMatchObject({
        ok: false,
        fault: { file: expect.any(String), offset: offset ?? expect.any(Number) },
      });
    } else if (opened.ok) await opened.value.close();
  });
});
