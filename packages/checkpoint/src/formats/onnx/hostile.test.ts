import { join } from 'node:path';
import { allGoldenFaults, fileSource, fixtureFolder, fixturePath, survive } from '@espalier/testkit';
import { describe, expect, test } from 'vitest';
import { openCheckpoint } from '../../open.js';

/** Fixture to number of spoilt copies. */
const FIXTURES: readonly (readonly [string, number])[] = [
  ['storage.onnx', 260],
  ['qdq.onnx', 220],
  ['subgraphs.onnx', 180],
  ['constants.onnx', 180],
  ['sparse.onnx', 180],
  ['cnn.onnx', 120],
  ['functions.onnx', 80],
  ['ir3.onnx', 80],
  ['external-one/external-one.onnx', 150],
  ['torch-export.onnx', 60],
];

describe('spoilt ONNX models end in a fault or in readable tensors', () => {
  test.each(FIXTURES)('%s, %i copies', { timeout: 60_000 }, async (fixture, count) => {
    const { name, bytes, around } = fixtureFolder(fixturePath(join('checkpoints/onnx', fixture)));
    const outcomes = await survive(name, bytes, 20_260_401 + count, count, around);
    expect(outcomes.files).toBe(count);
    expect(outcomes.faults).toBeGreaterThan(0);
    expect(outcomes.opened).toBeGreaterThan(0);
  });
});

describe('ONNX models that lie', () => {
  const faults = allGoldenFaults().filter(([, { fixture }]) => fixture.startsWith('checkpoints/faults/onnx/'));
  test.each(faults)('%s', async (_, { fixture, readable }) => {
    const opened = await openCheckpoint(await fileSource(fixturePath(fixture)));
    if (readable === true) {
      if (!opened.ok) throw new Error(opened.fault.message);
      expect(opened.value.findings.length).toBeGreaterThan(0);
      await opened.value.close();
    } else if (readable === false)
      expect(opened).toMatchObject({ ok: false, fault: { file: expect.any(String), offset: expect.any(Number) } });
    else if (opened.ok) await opened.value.close();
  });
});
