import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fixturePath, fixturesFolder, survive } from '@espalier/testkit';
import { describe, expect, test } from 'vitest';

const folder = fixturePath('checkpoints/tflite');
const fixtures = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.tflite')) : [];
const mediapipe = join(fixturesFolder, '../node_modules/@mediapipe/selfie_segmentation/selfie_segmentation.tflite');

describe('spoilt TensorFlow Lite models end in a fault or in readable tensors', () => {
  test.each(fixtures)('%s, 120 copies', { timeout: 60_000 }, async (name) => {
    const bytes = new Uint8Array(readFileSync(join(folder, name)));
    const outcomes = await survive(name, bytes, 20_260_403, 120);
    expect(outcomes.files).toBe(120);
    expect(outcomes.opened).toBeGreaterThan(0);
  });

  test.skipIf(!existsSync(mediapipe))('a real model, 150 copies', { timeout: 60_000 }, async () => {
    const bytes = new Uint8Array(readFileSync(mediapipe));
    const outcomes = await survive('selfie_segmentation.tflite', bytes, 20_260_404, 150);
    expect(outcomes.faults).toBeGreaterThan(0);
    expect(outcomes.opened).toBeGreaterThan(0);
  });
});
