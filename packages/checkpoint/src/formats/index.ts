import type { Format } from '../checkpoint.js';
import { onnx } from './onnx/format.js';
import { safetensors } from './safetensors/format.js';
import { tfjs, tfjsShard } from './tfjs/format.js';

/** Every format, one line each. The first that matches opens the file, so exact magic numbers stand before guesses. */
export const formats: readonly Format[] = [
  safetensors,
  onnx,
  tfjs,
  tfjsShard,
];
