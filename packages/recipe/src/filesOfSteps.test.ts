import { expect, test } from 'vitest';
import { filesOfSteps } from './filesOfSteps.js';
import { parseRecipe } from './parse.js';

test('files of masks and samples are told with their places', () => {
  const text = [
    'input: model.onnx',
    'steps:',
    '  - prune: { method: mask, file: "masks.pt" }',
    '  - quantize: { method: post-training, activations: { samples: calibration.npz } }',
    '',
  ].join('\n');
  const found = filesOfSteps(parseRecipe(text));
  expect(found.map(({ path, from, to }) => [path, text.slice(from, to)])).toEqual([
    ['masks.pt', '"masks.pt"'],
    ['calibration.npz', 'calibration.npz'],
  ]);
});
