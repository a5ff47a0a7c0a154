import { type ByteSource, memorySource } from '@espalier/tensor';
import { safetensorsBytes } from '@espalier/testkit';
import { describe, expect, test } from 'vitest';
import { openCheckpoint } from '../../open.js';
import { huggingfaceDoor } from './door.js';

const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const shard = (...names: string[]): Uint8Array =>
  safetensorsBytes(names.map((name) => ({ name, dtype: 'F32', shape: [1], bytes: new Uint8Array(4) })));
const INDEX = 'model.safetensors.index.json';

/** A folder in memory that counts what is open. */
function folderOf(files: Readonly<Record<string, Uint8Array>>) {
  const folder = new Map(Object.entries(files));
  let open = 0;
  const counted = (source: ByteSource): ByteSource => {
    open++;
    let closed = false;
    return {
      ...source,
      async sibling(name) {
        const found = await source.sibling(name);
        return found.ok ? { ok: true, value: counted(found.value) } : found;
      },
      async close() {
        if (!closed) open--;
        closed = true;
      },
    };
  };
  return { source: (name: string) => counted(memorySource(name, folder.get(name)!, folder)), openCount: () => open };
}

describe('the file that opens a folder', () => {
  test.each<[string[], string | undefined]>([
    [['config.json', 'model.safetensors', 'tokenizer.json'], 'config.json'],
    [['config.json', 'pytorch_model.bin'], 'config.json'],
    [['model.safetensors'], 'model.safetensors'],
    [[INDEX, 'model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'], INDEX],
    [['pytorch_model.bin.index.json', INDEX], INDEX],
    [['adapter_config.json', 'adapter_model.safetensors'], 'adapter_config.json'],
    [['diffusion_pytorch_model.safetensors'], 'diffusion_pytorch_model.safetensors'],
    [['config.json', INDEX, 'model.safetensors'], 'config.json'],
    [['model.safetensors', INDEX], 'model.safetensors'],
    [['config.json', 'model-00001-of-00002.safetensors'], 'config.json'],
    [['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'], undefined],
    [['config.json', 'README.md'], undefined],
    [['config.json', 'train.py', 'a.safetensors', 'b.safetensors'], undefined],
    [[], undefined],
  ])('%j: %s', (names, expected) => expect(huggingfaceDoor(names)).toBe(expected));
});

test('shards and their index are closed again, whatever happens', async () => {
  const folder = folderOf({
    'config.json': json({ model_type: 'x' }),
    [INDEX]: json({ weight_map: { a: '1.safetensors', b: '2.safetensors' } }),
    '1.safetensors': shard('a'),
    '2.safetensors': shard('b'),
  });
  for (const name of ['config.json', INDEX]) {
    const opened = await openCheckpoint(folder.source(name));
    if (!opened.ok) throw new Error(opened.fault.message);
    expect(opened.value.tensors.map((tensor) => tensor.name)).toEqual(['a', 'b']);
    expect(opened.value.files.map((file) => file.name)).toEqual([
      ...new Set([name, INDEX, '1.safetensors', '2.safetensors']),
    ]);
    expect(folder.openCount()).toBeGreaterThan(0);
    await opened.value.close();
    expect(folder.openCount()).toBe(0);
  }
});

describe('folders that are not whole', () => {
  const cases: [string, Record<string, Uint8Array>, string, string][] = [
    ['no weights', { 'config.json': json({}) }, 'config.json', 'checkpoint/no-weights'],
    ['an index that is no JSON', { [INDEX]: new TextEncoder().encode('{') }, INDEX, 'checkpoint/header-not-json'],
    ['an index without a map', { [INDEX]: json({}) }, INDEX, 'checkpoint/header-malformed'],
    ['a map to numbers', { [INDEX]: json({ weight_map: { a: 1 } }) }, INDEX, 'checkpoint/header-malformed'],
    ['no shard at all', { [INDEX]: json({ weight_map: { a: '1.safetensors' } }) }, INDEX, 'path/not-found'],
    [
      'a single file that is cut',
      { 'config.json': json({}), 'model.safetensors': Uint8Array.of(9) },
      'config.json',
      'checkpoint/truncated',
    ],
  ];
  test.each(cases)('%s', async (_, files, name, code) => {
    const folder = folderOf(files);
    expect(await openCheckpoint(folder.source(name))).toMatchObject({ ok: false, fault: { code } });
    expect(folder.openCount()).toBe(0);
  });

  test('a shard that is missing, broken or a pointer leaves the others usable', async () => {
    const pointer = new TextEncoder().encode('version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n');
    const folder = folderOf({
      [INDEX]: json({
        weight_map: {
          a: '1.safetensors',
          b: '2.safetensors',
          c: '3.safetensors',
          d: '4.safetensors',
          e: '../5.safetensors',
        },
      }),
      '1.safetensors': shard('a', 'extra'),
      '3.safetensors': Uint8Array.of(1, 2),
      '4.safetensors': pointer,
    });
    const opened = await openCheckpoint(folder.source(INDEX));
    if (!opened.ok) throw new Error(opened.fault.message);
    expect(opened.value.tensors.map((tensor) => tensor.name)).toEqual(['a', 'extra']);
    expect(opened.value.findings.map(({ code, message }) => `${code}: ${message}`)).toEqual([
      'checkpoint/shards-differ: The index names 5 shards, 2.safetensors is missing.',
      'path/outside-folder: Shard ../5.safetensors: The name "../5.safetensors" leaves the folder of the file.',
      'checkpoint/truncated: Shard 3.safetensors: A safetensors file begins with 8 bytes of header length, the file has 2.',
      'checkpoint/lfs-pointer: Shard 4.safetensors: This is a Git LFS pointer, not the model (12 bytes).',
      'checkpoint/shards-differ: The index does not mention: extra in 1.safetensors.',
    ]);
    await opened.value.close();
    expect(folder.openCount()).toBe(0);
  });
});

test('shards whose index is missing are found by their names', async () => {
  const folder = folderOf({
    'config.json': json({}),
    'model-00001-of-00003.safetensors': shard('a'),
    'model-00003-of-00003.safetensors': shard('c'),
  });
  const opened = await openCheckpoint(folder.source('config.json'));
  if (!opened.ok) throw new Error(opened.fault.message);
  expect(opened.value.tensors.map((tensor) => tensor.name)).toEqual(['a', 'c']);
  expect(opened.value.findings.map(({ message }) => message)).toEqual([
    'The index of the 3 shards is missing; they were found by their names.',
    'Of 3 shards, model-00002-of-00003.safetensors is missing.',
  ]);
  await opened.value.close();
  expect(folder.openCount()).toBe(0);
});
