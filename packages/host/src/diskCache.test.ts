import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { diskCache } from './diskCache.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'espalier-cache-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

test('what was put is found again, by another cache over the same folder too', async () => {
  await diskCache(folder).put('/models/a', { zeros: 3, list: [1, 2] });
  expect(await diskCache(folder).get('/models/a')).toEqual({ zeros: 3, list: [1, 2] });
  expect(await diskCache(folder).get('/models/b')).toBeNull();
});

test('a damaged entry is forgotten, not thrown', async () => {
  const cache = diskCache(folder);
  await cache.put('key', { a: 1 });
  const [name] = await readdir(folder);
  await writeFile(join(folder, name!), 'not gzip');
  expect(await cache.get('key')).toBeNull();
  expect(await readdir(folder)).toEqual([]);
});

test('a folder that cannot be made is an error at once, not a wait for ever', async () => {
  await writeFile(join(folder, 'file'), '');
  await expect(diskCache(join(folder, 'file', 'below')).put('key', {})).rejects.toMatchObject({ code: 'ENOTDIR' });
  if (process.platform === 'linux') await expect(diskCache('/proc/nowhere/espalier').put('key', {})).rejects.toThrow();
});

test('folders above are made', async () => {
  await diskCache(join(folder, 'a', 'b')).put('key', 1);
  expect(await diskCache(join(folder, 'a', 'b')).get('key')).toBe(1);
});

test('nothing half-written stays behind', async () => {
  const cache = diskCache(folder);
  await Promise.all(Array.from({ length: 8 }, (_, i) => cache.put('same', { i })));
  expect(await readdir(folder)).toHaveLength(1);
});
