import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { isRunning } from './process.mjs';

const HOUR_MS = 3_600_000;

/** Where big downloads live between runs: `$ESPALIER_CACHE`, otherwise `~/.cache/espalier`. */
export function cacheFolder(env = process.env) {
  return path.resolve(env.ESPALIER_CACHE || path.join(os.homedir(), '.cache', 'espalier'));
}

/**
 * Fill a folder once. The work happens under a temporary name beside it and the folder appears, whole, by a
 * rename; so a folder that exists is always complete, and two processes may try at the same time.
 *
 * @param {string} folder
 * @param {(partial: string) => Promise<void>} fill
 * @returns {Promise<{folder: string, fresh: boolean}>} `fresh` when this call did the work
 */
export async function installOnce(folder, fill) {
  if (existsSync(folder)) return { folder, fresh: false };
  mkdirSync(path.dirname(folder), { recursive: true });
  removeAbandoned(folder);
  const partial = mkdtempSync(`${folder}.partial-${process.pid}-`);
  try {
    await fill(partial);
    try {
      renameSync(partial, folder);
    } catch (error) {
      // Somebody else finished first; theirs is as whole as ours.
      if (!existsSync(folder)) throw error;
      return { folder, fresh: false };
    }
    return { folder, fresh: true };
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
}

/** Partial folders of processes that died; young ones are left, in case the cache is shared between machines. */
function removeAbandoned(folder) {
  const prefix = `${path.basename(folder)}.partial-`;
  for (const name of readdirSync(path.dirname(folder))) {
    if (!name.startsWith(prefix)) continue;
    const abandoned = path.join(path.dirname(folder), name);
    const owner = Number(name.slice(prefix.length).split('-')[0]);
    if (isRunning(owner) || Date.now() - statSync(abandoned).mtimeMs < HOUR_MS) continue;
    rmSync(abandoned, { recursive: true, force: true });
  }
}
