import type { Format } from '../checkpoint.js';
import { safetensors } from './safetensors/format.js';

/** Every format, one line each. The first that matches opens the file, so exact magic numbers stand before guesses. */
export const formats: readonly Format[] = [
  safetensors,
];
