import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { memorySource } from '@espalier/tensor';
import {
  fixturePath,
  fixturesFolder,
  flatInts,
  flatNumber,
  flatTable,
  flatTables,
  survive,
  writeFlatbuffer,
} from '@espalier/testkit';
import { describe, expect, test } from 'vitest';
import { openCheckpoint } from '../../open.js';

const folder = fixturePath('checkpoints/tflite');
const fixtures = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.tflite')) : [];
const mediapipe = join(fixturesFolder, '../node_modules/@mediapipe/selfie_segmentation/selfie_segmentation.tflite');

describe('spoilt TensorFlow Lite models end in a fault or in readable tensors', () => {
  test.each(fixtures)('%s, 240 copies', { timeout: 60_000 }, async (name) => {
    const bytes = new Uint8Array(readFileSync(join(folder, name)));
    const outcomes = await survive(name, bytes, 20_260_403, 240);
    expect(outcomes.files).toBe(240);
    expect(outcomes.opened).toBeGreaterThan(0);
  });

  test.skipIf(!existsSync(mediapipe))('a real model, 150 copies', { timeout: 60_000 }, async () => {
    const bytes = new Uint8Array(readFileSync(mediapipe));
    const outcomes = await survive('selfie_segmentation.tflite', bytes, 20_260_404, 150);
    expect(outcomes.faults).toBeGreaterThan(0);
    expect(outcomes.opened).toBeGreaterThan(0);
  });
});

test('a million references to one table are a fault, not a full memory', { timeout: 30_000 }, async () => {
  const tensor = flatTable({ 0: flatInts([1]), 2: flatNumber(4, 0) });
  const subgraph = flatTable({ 0: flatTables(new Array(1_000_000).fill(tensor)) });
  const root = flatTable({ 0: flatNumber(4, 3), 2: flatTables([subgraph]), 4: flatTables([flatTable({})]) });
  const bytes = writeFlatbuffer(root, 'TFL3');
  expect(bytes.length).toBeLessThan(4_100_000);
  const opened = await openCheckpoint(memorySource('m.tflite', bytes));
  expect(opened).toMatchObject({ ok: false, fault: { code: 'checkpoint/too-complex' } });
});
