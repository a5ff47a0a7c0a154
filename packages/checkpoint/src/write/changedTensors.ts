import type { Fault } from '@espalier/base';
import { brief } from '../names.js';
import type { OutputContent, OutputTensor } from './output.js';

/** The tensors that are not as the input has them, by the name of what they replace there. */
export function changedTensors({ tensors, input }: OutputContent): Map<string, OutputTensor> {
  const read = new Map(input.tensors.map((entry) => [entry.name, entry]));
  const changed = new Map<string, OutputTensor>();
  for (const tensor of tensors) {
    const { name, origin, unchanged } = tensor;
    if (unchanged === true && origin !== undefined && read.get(origin.name) === origin) continue;
    changed.set(read.has(name) ? name : (origin?.name ?? name), tensor);
  }
  return changed;
}

/** Why a tensor that replaces nothing cannot be written. */
export const noPlace = (name: string, format: string, file: string): Fault => ({
  code: 'output/tensor',
  message: `${brief(name)} is no tensor of the ${format} file, so it has no place there.`,
  file,
  hint: 'Name the output .safetensors.',
});
