import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { copyFolder, hasCopy, removeCopies, removeOldCopies } from './copies.js';

const DAY_S = 24 * 3600;
let storage: string;
beforeEach(async () => {
  storage = await mkdtemp(join(tmpdir(), 'espalier-copies-'));
});
afterEach(() => rm(storage, { recursive: true, force: true }));

async function copyOfAge(kind: 'copies' | 'head', key: string, ageDays: number): Promise<string> {
  const folder = copyFolder(storage, kind, key);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'model.pt'), 'weights');
  const then = Date.now() / 1000 - ageDays * DAY_S;
  await utimes(folder, then, then);
  return folder;
}

test('removes what nobody asked for in a week', async () => {
  await copyOfAge('head', 'old', 8);
  await copyOfAge('head', 'young', 6);
  await copyOfAge('copies', 'older', 80);
  await removeOldCopies(storage);
  expect(await readdir(join(storage, 'head'))).toEqual(['young']);
  expect(await readdir(join(storage, 'copies'))).toEqual([]);
});

test('a copy that is asked for stays for another week', async () => {
  const folder = await copyOfAge('head', 'old', 8);
  expect(await hasCopy(folder, join(folder, 'model.pt'))).toBe(true);
  await removeOldCopies(storage);
  expect(await readdir(join(storage, 'head'))).toEqual(['old']);
});

test('a copy that was not finished is none', async () => {
  const folder = await copyOfAge('head', 'half', 0);
  expect(await hasCopy(folder, join(folder, 'other.pt'))).toBe(false);
});

test('removes all, and is content where there are none', async () => {
  await copyOfAge('copies', 'a', 0);
  await removeCopies(storage);
  await removeOldCopies(storage);
  expect(await readdir(storage)).toEqual([]);
});
