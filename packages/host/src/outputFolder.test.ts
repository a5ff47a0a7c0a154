import { link, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { outputFolder, removeStaleParts } from './outputFolder.js';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'espalier-output-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const none = { overwrite: false, inputs: [] };
const files = async (): Promise<string[]> => (await readdir(folder)).sort();

async function write(name: string, text: string, output: ReturnType<typeof outputFolder>): Promise<void> {
  const sink = await output.create(name);
  if (!sink.ok) throw new Error(sink.fault.code);
  await sink.value.write(bytes(text));
}

test('files appear together, with what was patched, and nothing else does', async () => {
  const output = outputFolder(folder, none);
  await write('a.bin', 'abc', output);
  const second = await output.create('b.bin');
  if (!second.ok) throw new Error();
  await second.value.write(bytes('0000'));
  await second.value.write(bytes('5678'));
  expect(second.value.position).toBe(8);
  await second.value.patch(0, bytes('1234'));
  expect((await files()).filter((name) => !name.endsWith('.part'))).toEqual([]);
  expect(await output.commit()).toEqual({
    ok: true,
    value: [
      { name: 'a.bin', sizeBytes: 3 },
      { name: 'b.bin', sizeBytes: 8 },
    ],
  });
  expect(await files()).toEqual(['a.bin', 'b.bin']);
  expect(await readFile(join(folder, 'b.bin'), 'utf8')).toBe('12345678');
});

test('what is discarded leaves nothing', async () => {
  const output = outputFolder(folder, none);
  await write('a.bin', 'abc', output);
  await output.discard();
  expect(await files()).toEqual([]);
});

test('a file that exists stays, unless it was agreed to replace it', async () => {
  await writeFile(join(folder, 'a.bin'), 'old');
  expect(await outputFolder(folder, none).create('a.bin')).toMatchObject({
    fault: { code: 'output/exists', file: 'a.bin' },
  });
  const output = outputFolder(folder, { ...none, overwrite: true });
  await write('a.bin', 'new', output);
  expect(await readFile(join(folder, 'a.bin'), 'utf8')).toBe('old');
  await output.commit();
  expect(await readFile(join(folder, 'a.bin'), 'utf8')).toBe('new');
  expect(await files()).toEqual(['a.bin']);
});

test('a file that appears meanwhile is not replaced, and those put in place before it go again', async () => {
  const output = outputFolder(folder, none);
  await write('a.bin', 'a', output);
  await write('b.bin', 'b', output);
  await writeFile(join(folder, 'b.bin'), 'somebody else');
  expect(await output.commit()).toMatchObject({ fault: { code: 'output/exists', file: 'b.bin' } });
  expect(await files()).toEqual(['b.bin']);
  expect(await readFile(join(folder, 'b.bin'), 'utf8')).toBe('somebody else');
});

test('the input is never replaced, also under another name', async () => {
  const input = join(folder, 'in.bin');
  await writeFile(input, 'input');
  await link(input, join(folder, 'same.bin'));
  const output = outputFolder(folder, { overwrite: true, inputs: [input] });
  for (const name of ['in.bin', 'same.bin'])
    expect(await output.create(name)).toMatchObject({ fault: { code: 'output/is-input' } });
  expect(await readFile(input, 'utf8')).toBe('input');
});

test.each([['../a.bin'], ['a/b'], [''], ['..']])('%j is no plain name', async (name) =>
  expect(await outputFolder(folder, none).create(name)).toMatchObject({ fault: { code: 'output/name' } }),
);

test('what does not fit on the disk is said before anything is written', async () => {
  const answer = await outputFolder(folder, { ...none, expectedBytes: 2 ** 60 }).create('a.bin');
  expect(answer).toMatchObject({ fault: { code: 'output/no-space', expected: 2 ** 60 } });
  expect(await files()).toEqual([]);
});

test('a path through a file is no folder', async () => {
  await writeFile(join(folder, 'file'), '');
  expect(await outputFolder(join(folder, 'file'), none).create('a.bin')).toMatchObject({
    fault: { code: 'output/unwritable' },
  });
});

test('what a process left that is gone is removed; what a running one writes is not', async () => {
  await writeFile(join(folder, '.a.bin.espalier-999999999-00ff.part'), '');
  await writeFile(join(folder, `.b.bin.espalier-${process.pid}-00ff.part`), '');
  await writeFile(join(folder, 'c.part'), '');
  expect(await removeStaleParts(folder)).toBe(1);
  expect(await files()).toEqual([`.b.bin.espalier-${process.pid}-00ff.part`, 'c.part']);
  expect(await removeStaleParts(folder, process.pid)).toBe(1);
});
