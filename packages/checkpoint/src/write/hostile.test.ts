import { join } from 'node:path';
import { FaultError } from '@espalier/base';
import { memorySource } from '@espalier/tensor';
import { fixtureFolder, fixturePath, mutations } from '@espalier/testkit';
import { describe, expect, test } from 'vitest';
import { openCheckpoint } from '../open.js';
import { gguf } from './gguf/gguf.js';
import { onnx } from './onnx/onnx.js';
import type { Writer } from './output.js';
import { pytorch } from './pytorch.js';
import { type Input, PROVENANCE, prunedTensors, writeInput } from './testing/written.js';
import { tfjs } from './tfjs/tfjs.js';

const FIXTURES: readonly (readonly [string, Writer, number])[] = [
  ['onnx/cnn.onnx', onnx, 250],
  ['onnx/subgraphs.onnx', onnx, 250],
  ['onnx/nbits-zero-points.onnx', onnx, 250],
  ['onnx/sparse.onnx', onnx, 250],
  ['onnx/external-one/external-one.onnx', onnx, 250],
  ['gguf/types.gguf', gguf, 150],
  ['gguf/metadata.gguf', gguf, 250],
  ['tfjs/layers-model-uint8/model.json', tfjs, 250],
  ['tfjs/manifest/small_model-weights_manifest.json', tfjs, 250],
  ['pytorch/training.pt', pytorch, 250],
  ['pytorch/quantized.pt', pytorch, 250],
];

/** What is written of a spoilt input is a file that opens, or the reason why it is not: never a crash, never a file that no one can read. */
describe.each(FIXTURES)('%s', (fixture, writer, count) => {
  test('spoilt copies are written, or refused', { timeout: 120_000 }, async () => {
    const { name, bytes, around } = fixtureFolder(fixturePath(join('checkpoints', fixture)));
    let written = 0;
    for (const { what, bytes: spoilt } of mutations(bytes, 4_211, count)) {
      const files = new Map([...around, [name, spoilt]]);
      const opened = await openCheckpoint(memorySource(name, spoilt, files));
      if (!opened.ok) continue;
      const input: Input = { name, files, checkpoint: opened.value };
      const out = `out${/\.[a-z]+$/.exec(name)![0]}`;
      for (const tensors of [undefined, prunedTensors(input)]) {
        const content = { metadata: PROVENANCE, ...(tensors === undefined ? {} : { tensors }) };
        if (writer.refuses({ tensors: [], input: input.checkpoint, ...content }) !== null) continue;
        try {
          const made = await writeInput(writer, input, out, content);
          const again = await openCheckpoint(memorySource(out, made.get(out)!, made));
          expect([what, again.ok ? '' : again.fault.message]).toEqual([what, '']);
          written++;
        } catch (error) {
          if (!(error instanceof FaultError)) throw new Error(`${what}: ${(error as Error).stack}`);
        }
      }
    }
    expect(written).toBeGreaterThan(0);
  });
});
