import { join } from 'node:path';
import type { Files } from '@espalier/service';

/** Endings that certainly name a checkpoint. */
export const CERTAIN_ENDING = /\.(?:safetensors|gguf|onnx|tflite|pt|pth|ckpt|npy|npz|keras|h5|hdf5)$/i;
/** Index files that stand for a whole model. */
const INDEX_FILE = /\.(?:safetensors|bin)\.index\.json$|^model\.json$|^saved_model\.pb$/i;
/** Folders that hold other people's files. */
const SKIPPED = new Set([
  'node_modules',
  '.git',
  '.hg',
  '.svn',
  '.venv',
  'venv',
  '__pycache__',
  '.cache',
  '.tox',
  'dist',
  'site-packages',
]);

const MAX_ENTRIES = 20_000;
const MAX_FOUND = 2_000;

/** Checkpoints below the workspace folders, absolute and sorted. Bounded: a huge tree is listed in part. */
export async function findCheckpoints(
  files: Files,
  folders: readonly string[],
  signal: AbortSignal,
): Promise<string[]> {
  const found: string[] = [];
  let entriesLeft = MAX_ENTRIES;
  const queue = [...folders];
  for (let folder = queue.shift(); folder !== undefined; folder = queue.shift()) {
    signal.throwIfAborted();
    for (const entry of await files.list(folder)) {
      if (entriesLeft-- <= 0 || found.length >= MAX_FOUND) return found.sort();
      if (entry.folder) {
        if (!SKIPPED.has(entry.name)) queue.push(join(folder, entry.name));
      } else if (CERTAIN_ENDING.test(entry.name) || INDEX_FILE.test(entry.name)) found.push(join(folder, entry.name));
    }
  }
  return found.sort();
}
