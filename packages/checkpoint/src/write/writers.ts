import { gguf } from './gguf/gguf.js';
import { npz } from './npz.js';
import { onnx } from './onnx/onnx.js';
import type { Writer } from './output.js';
import { pytorch } from './pytorch.js';
import { safetensors } from './safetensors.js';
import { tfjs } from './tfjs/tfjs.js';

/** Every writer, one line each. */
export const writers: readonly Writer[] = [safetensors, pytorch, npz, onnx, gguf, tfjs];

/** The writer of a format's name, else the one of a file name's ending; null where there is none. */
export function writerFor(name: string, format: string | null): Writer | null {
  if (format !== null) return writers.find((writer) => writer.format === format) ?? null;
  const file = name.toLowerCase().replace(/\.index\.json$/, '');
  const found = writers.find(({ extensions }) => extensions.some((extension) => file.endsWith(extension))) ?? null;
  // Only safetensors is divided among files with an index.
  return file.length < name.length && found !== safetensors ? null : found;
}
