import { raise } from '@espalier/base';
import { huggingfaceDoor } from '@espalier/checkpoint';
import type { Files } from './ports.js';

/** Files through which a folder of another kind than a hub's is opened, best first. */
const OTHER_DOORS: readonly string[] = ['saved_model.pb', 'model.json', 'consolidated.safetensors'];

/** Endings of which a folder with just one such file is that file. */
const SINGLE = /\.(?:safetensors|gguf|onnx|tflite|pt|pth|keras|h5|index)$/i;

/** The file that stands for a folder with these files; undefined where the folder is no model. */
export function doorOf(names: readonly string[]): string | undefined {
  const hub = huggingfaceDoor(names);
  if (hub !== undefined) return hub;
  const other = OTHER_DOORS.find((name) => names.includes(name));
  if (other !== undefined) return other;
  const manifests = names.filter((name) => /(?:^|[-_.])weights_manifest\.json$/.test(name));
  if (manifests.length === 1) return manifests[0];
  const single = names.filter((name) => SINGLE.test(name));
  return single.length === 1 ? single[0] : undefined;
}

/** The file to open for a path: itself, or for a folder the file that stands for it. */
export async function findDoor(files: Files, path: string): Promise<string> {
  const stat = await files.stat(path);
  if (stat?.kind !== 'folder') return path;
  const names = (await files.list(path)).filter((entry) => !entry.folder).map((entry) => entry.name);
  const door = doorOf(names);
  const separator = path.includes('\\') ? '\\' : '/';
  if (door !== undefined) return `${path.replace(/[\\/]+$/, '')}${separator}${door}`;
  return raise({
    code: 'checkpoint/no-model-in-folder',
    message: 'The folder holds no checkpoint that stands for it.',
    file: path.split(/[\\/]/).filter(Boolean).pop() ?? path,
    expected: 'weights of a hub model, saved_model.pb, model.json, or a single checkpoint',
    found: `${names.length} other files`,
  });
}
