import { editDistance } from '@espalier/base';
import type { CheckpointReference } from '@espalier/references';
import { expect, test } from 'vitest';
import { MemoryFiles } from '../testing/memoryFiles.js';
import { hubCacheFolder } from './hub.js';
import { nearestName } from './nearestName.js';
import { joinPath, relativeTo } from './paths.js';
import { type ResolveContext, resolveReference } from './resolveReference.js';

const context: ResolveContext = {
  documentFolder: '/work/src',
  roots: ['/models'],
  workspaceFolders: ['/work', '/other'],
  home: '/home/me',
  hubCache: '/home/me/.cache/huggingface/hub',
};

const bytes = new Uint8Array(1);

const resolve = (
  written: string,
  paths: readonly string[],
  form: CheckpointReference['form'] = 'file',
  repository?: string,
) => {
  const files = new MemoryFiles();
  for (const path of paths) files.write(path, path.endsWith('refs/main') ? new TextEncoder().encode('abc\n') : bytes);
  const reference: CheckpointReference = {
    kind: 'checkpoint',
    begin: 0,
    end: 0,
    path: written,
    form,
    direction: 'input',
    certain: true,
    via: 'torch.load',
    ...(repository === undefined ? {} : { repository }),
  };
  return resolveReference(files, reference, context);
};

test.each([
  ['configured roots come first', 'a.pt', ['/models/a.pt', '/work/src/a.pt'], '/models/a.pt'],
  ['then the folder of the document', 'a.pt', ['/work/src/a.pt', '/work/a.pt'], '/work/src/a.pt'],
  ['then the workspace folders', 'a.pt', ['/work/a.pt', '/other/a.pt'], '/work/a.pt'],
  ['in their order', 'a.pt', ['/other/a.pt'], '/other/a.pt'],
  ['dots climb', '../a.pt', ['/work/a.pt'], '/work/a.pt'],
  ['absolute paths stand for themselves', '/x/a.pt', ['/x/a.pt'], '/x/a.pt'],
  ['the tilde is home', '~/a.pt', ['/home/me/a.pt'], '/home/me/a.pt'],
  ['a bundle is named by its prefix', 'run/ckpt-3', ['/work/run/ckpt-3.index'], '/work/run/ckpt-3.index'],
])('%s', async (_, written, paths, path) => expect(await resolve(written, paths)).toEqual({ kind: 'file', path }));

test('a missing file names its nearest neighbour', async () => {
  expect(await resolve('models/resnet18.pt', ['/work/models/resnet18.safetensors'])).toMatchObject({
    kind: 'missing',
    suggestion: 'models/resnet18.safetensors',
  });
  expect(await resolve('models/resent18.pt', ['/work/models/resnet18.pt'])).toMatchObject({
    kind: 'missing',
    suggestion: 'models/resnet18.pt',
  });
  expect(await resolve('models/zebra.pt', ['/work/models/resnet18.pt'])).toEqual({
    kind: 'missing',
    tried: expect.any(Array),
  });
});

test('an absolute path of another machine is told from one that is merely wrong here', async () => {
  expect(await resolve('/data/runs/a.pt', ['/work/a.pt'])).toMatchObject({ kind: 'missing', elsewhere: true });
  expect(await resolve('/data/runs/a.pt', ['/data/runs/b.txt'])).toEqual({
    kind: 'missing',
    tried: ['/data/runs/a.pt'],
  });
});

test('a DVC pointer beside the empty place is told', async () =>
  expect(await resolve('models/a.pt', ['/work/models/a.pt.dvc', '/work/models/b.pt'])).toMatchObject({
    kind: 'missing',
    pointer: '/work/models/a.pt.dvc',
  }));

test('a file of a hub repository is looked for in its snapshot alone, and never missing', async () => {
  const hub = '/home/me/.cache/huggingface/hub/models--org--net';
  const name = 'org/net/model.safetensors';
  const here = ['/work/model.safetensors'];
  expect(await resolve('model.safetensors', here, 'file', 'org/net')).toEqual({ kind: 'hub', name });
  const fetched = [...here, `${hub}/refs/main`, `${hub}/snapshots/abc/model.safetensors`];
  expect(await resolve('model.safetensors', fetched, 'file', 'org/net')).toEqual({
    kind: 'hub',
    name,
    path: `${hub}/snapshots/abc/model.safetensors`,
  });
  expect(await resolve('other.safetensors', fetched, 'file', 'org/net')).toEqual({
    kind: 'hub',
    name: 'org/net/other.safetensors',
  });
  expect(await resolve('model.safetensors', here, 'file', '../net')).toEqual({ kind: 'none' });
});

test('a hub name is never missing, and its snapshot is the one that main names', async () => {
  const hub = '/home/me/.cache/huggingface/hub/models--org--net';
  expect(await resolve('org/net', [], 'folder')).toEqual({ kind: 'hub', name: 'org/net' });
  expect(
    await resolve(
      'org/net',
      [`${hub}/refs/main`, `${hub}/snapshots/abc/model.safetensors`, `${hub}/snapshots/xyz/model.safetensors`],
      'folder',
    ),
  ).toEqual({
    kind: 'hub',
    name: 'org/net',
    path: `${hub}/snapshots/abc`,
  });
});

test('a local folder that holds a model wins over the hub', async () =>
  expect(await resolve('org/net', ['/work/org/net/model.safetensors'], 'folder')).toEqual({
    kind: 'file',
    path: '/work/org/net',
  }));

test('a glob with one match is that file, with several it is ambiguous, with none nothing', async () => {
  expect(await resolve('runs/*/best.pt', ['/work/runs/7/best.pt', '/work/runs/8/last.pt'], 'glob')).toEqual({
    kind: 'file',
    path: '/work/runs/7/best.pt',
  });
  expect(await resolve('runs/**/b*.pt', ['/work/runs/7/best.pt', '/work/runs/8/b.pt'], 'glob')).toMatchObject({
    kind: 'ambiguous',
    paths: ['/work/runs/7/best.pt', '/work/runs/8/b.pt'],
  });
  expect(await resolve('nowhere/*.pt', [], 'glob')).toEqual({ kind: 'none' });
});

test('addresses are no files', async () => expect(await resolve('https://x.org/a.pt', [])).toEqual({ kind: 'none' }));

test.each([
  ['C:\\work', 'models/a.pt', 'C:\\work\\models\\a.pt'],
  ['C:\\work\\src', '..\\a.pt', 'C:\\work\\a.pt'],
  ['/work', 'C:\\x\\a.pt', 'C:\\x\\a.pt'],
  ['\\\\host\\share\\a', '../b.pt', '\\\\host\\share\\b.pt'],
  ['/work', './a/../b.pt', '/work/b.pt'],
  ['/work', '/../x', '/x'],
])('%s with %s is %s', (folder, path, joined) => expect(joinPath(folder, path)).toBe(joined));

test('a path as seen from a folder', () => {
  expect(relativeTo('/work', '/work/models/a.pt')).toBe('models/a.pt');
  expect(relativeTo('C:\\work', 'C:\\work\\models\\a.pt')).toBe('models/a.pt');
  expect(relativeTo('/work', '/workshop/a.pt')).toBe('/workshop/a.pt');
});

test('the hub cache follows its environment variables', () => {
  expect(hubCacheFolder({}, '/home/me')).toBe('/home/me/.cache/huggingface/hub');
  expect(hubCacheFolder({ HF_HOME: '/data/hf' }, '/home/me')).toBe('/data/hf/hub');
  expect(hubCacheFolder({ HF_HOME: '/data/hf', HF_HUB_CACHE: '/fast' }, '/home/me')).toBe('/fast');
});

test('swapped letters are one mistake', () => {
  expect(editDistance('resent', 'resnet')).toBe(1);
  expect(nearestName('model.pt', ['notes.txt', 'model.txt'])).toBeNull();
});
