import type { Fault } from '@espalier/base';
import type { Checkpoint } from '../checkpoint.js';

/** Why a file of a format that is written around one of its kind cannot be made of this input; null where it can. */
export function otherContainer(input: Checkpoint, format: string, what: string): Fault | null {
  const isOne = input.format === format || input.format.startsWith(`${format}-`);
  if (isOne && input.container !== undefined) return null;
  return {
    code: 'output/other-container',
    message: `${what} is written around another one, the input is ${input.formatLabel}.`,
    expected: format,
    found: input.format,
    hint: 'Name the output .safetensors: every tensor and its name is kept.',
  };
}
