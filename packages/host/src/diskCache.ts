import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { FactsCache } from '@espalier/service';

/** The cache is trimmed to this many bytes, least recently used first. */
const MAX_CACHE_BYTES = 256 * 1024 * 1024;

/** `XDG_CACHE_HOME`, `LOCALAPPDATA` or `~/.cache`, then `espalier`. */
export function defaultCacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  return (
    env['ESPALIER_CACHE'] ?? join(env['XDG_CACHE_HOME'] ?? env['LOCALAPPDATA'] ?? join(homedir(), '.cache'), 'espalier')
  );
}

/** One compressed JSON file an entry, written under a temporary name and renamed. Whatever goes wrong, the answer is only "not cached". */
export function diskCache(folder: string): FactsCache {
  const fileOf = (key: string): string =>
    join(folder, `${createHash('sha256').update(key).digest('hex').slice(0, 40)}.json.gz`);
  let writes = 0;
  let usable: Promise<void> | null = null;
  return {
    async get(key) {
      const file = fileOf(key);
      const bytes = await readFile(file).catch(() => null);
      if (bytes === null) return null;
      try {
        const entry = JSON.parse((await promisify(gunzip)(bytes)).toString('utf8')) as { key: string; value: unknown };
        const now = new Date();
        await utimes(file, now, now).catch(() => {});
        return entry.key === key ? entry.value : null;
      } catch {
        await rm(file, { force: true }).catch(() => {});
        return null;
      }
    },
    async put(key, value) {
      usable ??= makeFolder(folder);
      await usable;
      const temporary = join(folder, `.${randomUUID()}.tmp`);
      await writeFile(temporary, await promisify(gzip)(JSON.stringify({ key, value }), { level: 3 }));
      await rename(temporary, fileOf(key));
      if (writes++ % 32 === 0) await trim(folder);
    },
  };
}

/** Level by level: a recursive mkdir never returns where a level can neither be made nor is there (below /proc). */
async function makeFolder(folder: string): Promise<void> {
  const missing: string[] = [];
  for (let level = folder; (await stat(level).catch(() => null)) === null; level = dirname(level)) {
    missing.unshift(level);
    if (dirname(level) === level) break;
  }
  for (const level of missing) {
    await mkdir(level).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  }
}

async function trim(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  const entries = await Promise.all(
    names.map(async (name) => ({ name, found: await stat(join(folder, name)).catch(() => null) })),
  );
  const known = entries.flatMap(({ name, found }) =>
    found?.isFile() ? [{ name, size: found.size, usedMs: found.mtimeMs }] : [],
  );
  known.sort((a, b) => b.usedMs - a.usedMs);
  let total = 0;
  for (const entry of known) {
    total += entry.size;
    if (total > MAX_CACHE_BYTES) await rm(join(folder, entry.name), { force: true }).catch(() => {});
  }
}
