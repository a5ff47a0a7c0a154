import { raise } from '@espalier/base';
import type { Files } from './ports.js';

/** Files through which a folder is opened as one checkpoint, best first. */
const DOORS = [
  'model.safetensors.index.json',
  'model.safetensors',
  'diffusion_pytorch_model.safetensors.index.json',
  'diffusion_pytorch_model.safetensors',
  'adapter_model.safetensors',
  'pytorch_model.bin.index.json',
  'pytorch_model.bin',
  'saved_model.pb',
  'model.json',
  'tf_model.h5',
  'consolidated.safetensors',
] as const;

/** The file to open for a path: itself, or for a folder the file that stands for it. */
export async function findDoor(files: Files, path: string): Promise<string> {
  const stat = await files.stat(path);
  if (stat?.kind !== 'folder') return path;
  const names = new Set((await files.list(path)).filter((entry) => !entry.folder).map((entry) => entry.name));
  const separator = path.includes('\\') ? '\\' : '/';
  const join = (name: string): string => `${path.replace(/[\\/]+$/, '')}${separator}${name}`;
  const door = DOORS.find((name) => names.has(name));
  if (door !== undefined) return join(door);
  const only = [...names].filter((name) => /\.(?:safetensors|gguf|index)$/.test(name));
  if (only.length === 1) return join(only[0]!);
  return raise({
    code: 'checkpoint/no-model-in-folder',
    message: 'The folder holds no checkpoint that stands for it.',
    file: path.split(/[\\/]/).pop() ?? path,
    expected: `one of ${DOORS.slice(0, 6).join(', ')} …`,
    found: `${names.size} other files`,
  });
}
