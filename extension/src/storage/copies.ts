import { readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';

/** Copies of files that are on no disk: of virtual workspaces, of Git's history. */
const KINDS = ['copies', 'head'];
const KEEP_MS = 7 * 24 * 3600 * 1000;

/** Folder of one copy below the extension's storage. */
export const copyFolder = (storage: string, kind: 'copies' | 'head', key: string): string => join(storage, kind, key);

/** Whether the copy is there. A copy that is asked for is kept for another week. */
export async function hasCopy(folder: string, file: string): Promise<boolean> {
  if ((await stat(file).catch(() => null)) === null) return false;
  const now = new Date();
  await utimes(folder, now, now).catch(() => {});
  return true;
}

/** Removes copies that nobody asked for in a week. */
export async function removeOldCopies(storage: string, nowMs = Date.now()): Promise<void> {
  for (const kind of KINDS) {
    const names = await readdir(join(storage, kind)).catch(() => []);
    for (const name of names) {
      const folder = join(storage, kind, name);
      const found = await stat(folder).catch(() => null);
      if (found !== null && nowMs - found.mtimeMs > KEEP_MS) await rm(folder, { recursive: true, force: true });
    }
  }
}

/** Removes all copies. */
export async function removeCopies(storage: string): Promise<void> {
  for (const kind of KINDS) await rm(join(storage, kind), { recursive: true, force: true });
}
