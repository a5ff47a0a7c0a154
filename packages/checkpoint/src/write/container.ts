import type { Fault } from '@espalier/base';
import type { Checkpoint, TensorEntry } from '../checkpoint.js';
import { brief } from '../names.js';
import { changedTensors } from './changedTensors.js';
import type { OutputContent, OutputTensor } from './output.js';

/**
 * Why a container cannot hold what became of a tensor, where that is known before anything is written; null where it can. `why` looks at a changed tensor and at what it replaces.
 */
export function unstorable(
  content: OutputContent,
  format: string,
  why: (output: OutputTensor, before: TensorEntry) => string | null,
): Fault | null {
  const before = new Map(content.input.tensors.map((entry) => [entry.name, entry]));
  for (const [name, output] of changedTensors(content)) {
    const entry = before.get(name);
    const reason = entry === undefined || output.stored !== undefined ? null : why(output, entry);
    if (reason !== null) return { ...cannotStore(name, format, reason), file: content.input.container?.name ?? '' };
  }
  return null;
}

/** A tensor that a container has no way to store. */
export const cannotStore = (name: string, format: string, why: string): Fault => ({
  code: 'output/tensor',
  message: `${brief(name)} cannot be written into the ${format} file: ${why}.`,
  hint: 'Exclude the tensor, or name the output .safetensors.',
});

/** Bytes that a container takes: tensors that did not change as they are, the others in its own types. */
export const containerBytes = ({ tensors, input }: OutputContent): number => {
  const before = new Map(input.tensors.map((entry) => [entry.name, entry]));
  return tensors.reduce((sum, { name, unchanged, stored, byteLength }) => {
    const entry = unchanged === true ? before.get(name) : undefined;
    return sum + (entry?.bytes ?? stored?.byteLength ?? byteLength);
  }, 0);
};

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
