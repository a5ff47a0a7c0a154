import { join } from 'node:path';
import { memorySource } from '@espalier/tensor';
import { allGoldenFaults, fileSource, fixtureFolder, fixturePath, protoMessage, survive } from '@espalier/testkit';
import { describe, expect, test } from 'vitest';
import { openCheckpoint } from '../../open.js';

/** Fixture to number of spoilt copies. */
const FIXTURES: readonly (readonly [string, number])[] = [
  ['storage.onnx', 500],
  ['qdq.onnx', 400],
  ['subgraphs.onnx', 300],
  ['constants.onnx', 300],
  ['sparse.onnx', 300],
  ['cnn.onnx', 200],
  ['functions.onnx', 100],
  ['ir3.onnx', 100],
  ['external-one/external-one.onnx', 250],
  ['quantized-operators.onnx', 200],
  ['quantized-dynamic.onnx', 200],
  ['nbits-zero-points.onnx', 300],
  ['torch-export.onnx', 100],
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

test('ten million nothings are a fault, not a full memory', { timeout: 30_000 }, async () => {
  // Each is a node without a field: two bytes in the file, hundreds in memory.
  const nothings = new Uint8Array(20_000_000);
  for (let at = 0; at < nothings.length; at += 2) nothings[at] = 0x0a;
  const bytes = protoMessage([1, 8], [7, nothings]);
  expect(await openCheckpoint(memorySource('m.onnx', bytes))).toMatchObject({
    ok: false,
    fault: { code: 'checkpoint/too-complex' },
  });
});
