import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { doorOf } from '@espalier/service';

/** Endings that certainly name a checkpoint. */
const CHECKPOINT = /\.(?:safetensors|gguf|onnx|tflite|pt|pth|ckpt|npy|npz|keras|h5|hdf5)$|\.index\.json$/i;
const MAX_DEPTH = 16;

/** A folder that is itself a model stays one path; any other folder stands for the checkpoints below it. */
export async function expandFolders(paths: readonly string[], depth = 0): Promise<string[]> {
  const found: string[] = [];
  for (const path of paths) {
    const info = await stat(path).catch(() => null);
    if (info?.isDirectory() !== true) {
      found.push(path);
      continue;
    }
    const entries = (await readdir(path, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1));
    const files = entries.filter((entry) => !entry.isDirectory()).map((entry) => entry.name);
    const folders = entries.filter(
      (entry) => entry.isDirectory() && !entry.name.startsWith('.') && entry.name !== 'node_modules',
    );
    const door = doorOf(files);
    // One lone file beside folders is a file of a collection, not the model that the folder is.
    if (door !== undefined && (folders.length === 0 || !CHECKPOINT.test(door))) {
      found.push(path);
      continue;
    }
    found.push(...files.filter((name) => CHECKPOINT.test(name)).map((name) => join(path, name)));
    if (depth < MAX_DEPTH)
      found.push(
        ...(await expandFolders(
          folders.map((folder) => join(path, folder.name)),
          depth + 1,
        )),
      );
  }
  // A folder below one that was named and holds no model is no error; a folder that was named is.
  return depth === 0 && found.length === 0 ? [...paths] : found;
}
