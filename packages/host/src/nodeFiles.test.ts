import { mkdir, mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type FollowRules, isInside, nodeFiles } from './nodeFiles.js';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'espalier-files-'));
  await mkdir(join(root, 'work'));
  await mkdir(join(root, 'elsewhere'));
  await writeFile(join(root, 'work', 'model.json'), 'index');
  await writeFile(join(root, 'work', 'shard.bin'), 'shard');
  await writeFile(join(root, 'elsewhere', 'secret'), 'secret');
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function siblingOf(
  name: string,
  rules: Partial<FollowRules> = {},
  opened = join(root, 'work', 'model.json'),
): Promise<string> {
  const files = nodeFiles(() => ({ workspaceRoots: [join(root, 'work')], trusted: false, ...rules }));
  const source = await files.open(opened);
  if (!source.ok) return source.fault.code;
  const other = await source.value.sibling(name);
  await source.value.close();
  if (!other.ok) return other.fault.code;
  const text = new TextDecoder().decode(await other.value.read(0, other.value.sizeBytes));
  await other.value.close();
  return text;
}

test.each(['shard.bin', './shard.bin'])('the name %s beside the file opens', async (name) =>
  expect(await siblingOf(name)).toBe('shard'),
);

test.each([
  '../elsewhere/secret',
  '/etc/passwd',
  'C:\\secret',
  '..\\elsewhere\\secret',
  'a/../../elsewhere/secret',
  '',
  'x\0y',
  '\\\\host\\share',
])('the name %j leaves the folder', async (name) =>
  expect(await siblingOf(name, { trusted: true })).toBe('path/outside-folder'),
);

test('a name that nothing bears is not found', async () => expect(await siblingOf('gone.bin')).toBe('path/not-found'));

test('a folder is not a file', async () => {
  await mkdir(join(root, 'work', 'folder'));
  expect(await siblingOf('folder')).toBe('path/not-a-file');
});

test('a link out of the workspace is followed only where the workspace is trusted', async () => {
  await symlink(join(root, 'elsewhere', 'secret'), join(root, 'work', 'link.bin'));
  expect(await siblingOf('link.bin')).toBe('path/outside-folder');
  expect(await siblingOf('link.bin', { trusted: true })).toBe('secret');
});

test('a link within the workspace is followed', async () => {
  await mkdir(join(root, 'work', 'store'));
  await writeFile(join(root, 'work', 'store', 'blob'), 'blob');
  await symlink(join(root, 'work', 'store', 'blob'), join(root, 'work', 'link.bin'));
  expect(await siblingOf('link.bin')).toBe('blob');
});

test('snapshots of a hub cache are links into the blobs of the same model, and of no other', async () => {
  const hub = join(root, 'hub');
  for (const name of ['models--a--b', 'models--c--d']) {
    await mkdir(join(hub, name, 'blobs'), { recursive: true });
    await mkdir(join(hub, name, 'snapshots', 'rev'), { recursive: true });
    await writeFile(join(hub, name, 'blobs', 'x'), name);
  }
  const snapshot = join(hub, 'models--a--b', 'snapshots', 'rev');
  await writeFile(join(snapshot, 'index.json'), 'index');
  await symlink(join(hub, 'models--a--b', 'blobs', 'x'), join(snapshot, 'own.bin'));
  await symlink(join(hub, 'models--c--d', 'blobs', 'x'), join(snapshot, 'other.bin'));
  expect(await siblingOf('own.bin', {}, join(snapshot, 'index.json'))).toBe('models--a--b');
  expect(await siblingOf('other.bin', {}, join(snapshot, 'index.json'))).toBe('path/outside-folder');
});

test.each([false, true])(
  'a file that becomes shorter while it is read says so, with the bytes (blocking reads: %s)',
  async (blocking) => {
    const path = join(root, 'work', 'shard.bin');
    const source = await nodeFiles(() => ({ workspaceRoots: [], trusted: false }), { blocking }).open(path);
    if (!source.ok) throw new Error('unreadable');
    await truncate(path, 2);
    await expect(source.value.read(0, 5)).rejects.toMatchObject({
      fault: { code: 'file/changed', expected: 5, found: 2 },
    });
    await source.value.close();
  },
);

test('a read beyond the end allocates nothing and names the byte', async () => {
  const source = await nodeFiles(() => ({ workspaceRoots: [], trusted: false })).open(join(root, 'work', 'shard.bin'));
  if (!source.ok) throw new Error('unreadable');
  await expect(source.value.read(3, 2 ** 50)).rejects.toMatchObject({
    fault: { code: 'checkpoint/truncated', found: 5 },
  });
  await source.value.close();
});

test.each([
  ['/a/b', '/a', true],
  ['/a', '/a', true],
  ['/ab', '/a', false],
  ['/a/../c', '/a', false],
  ['/a/..b', '/a', true],
])('%s inside %s: %s', (path, folder, inside) => expect(isInside(path, folder)).toBe(inside));
