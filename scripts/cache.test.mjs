import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { cacheFolder, installOnce } from './cache.mjs';

let root;
beforeEach(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'espalier-cache-'));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const writes = (text) => async (partial) => writeFileSync(path.join(partial, 'file'), text);

test('the folder is filled once and kept', async () => {
  const folder = path.join(root, 'deep/thing');
  expect(await installOnce(folder, writes('first'))).toEqual({ folder, fresh: true });
  expect(await installOnce(folder, writes('second'))).toEqual({ folder, fresh: false });
  expect(readFileSync(path.join(folder, 'file'), 'utf8')).toBe('first');
});

test('a failure leaves nothing behind', async () => {
  const fail = async (partial) => {
    writeFileSync(path.join(partial, 'half'), '');
    throw new Error('no network');
  };
  await expect(installOnce(path.join(root, 'thing'), fail)).rejects.toThrow('no network');
  expect(readdirSync(root)).toEqual([]);
});

test('two at the same time: one wins, both get a whole folder', async () => {
  const folder = path.join(root, 'thing');
  const slow = (text) => async (partial) => {
    await new Promise((resolve) => setImmediate(resolve));
    writeFileSync(path.join(partial, 'file'), text);
  };
  const results = await Promise.all([installOnce(folder, slow('a')), installOnce(folder, slow('b'))]);
  expect(results.filter(({ fresh }) => fresh)).toHaveLength(1);
  expect(readdirSync(root)).toEqual(['thing']);
});

test('old leavings of a process that died are removed, young ones and other things are not', async () => {
  const dead = 2 ** 22 + 1; // above the largest process id
  const old = path.join(root, `thing.partial-${dead}-old`);
  const young = path.join(root, `thing.partial-${dead}-young`);
  const other = path.join(root, 'things');
  for (const folder of [old, young, other]) mkdirSync(folder);
  utimesSync(old, 0, 0);
  await installOnce(path.join(root, 'thing'), writes(''));
  expect([old, young, other].map((folder) => existsSync(folder))).toEqual([false, true, true]);
});

test('ESPALIER_CACHE moves the cache', () => {
  expect(cacheFolder({ ESPALIER_CACHE: root })).toBe(root);
  expect(cacheFolder({})).toBe(path.join(os.homedir(), '.cache', 'espalier'));
});
