import { execFileSync } from 'node:child_process';
import type { FileHandle } from 'node:fs/promises';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { outputFolder } from './outputFolder.js';

/** What the disk refuses. */
const disk = vi.hoisted(() => ({
  rename: (_from: string): string | null => null,
  write: (_position: number): string | null => null,
  sync: null as string | null,
  /** At most so many bytes are written at once. */
  atOnce: Number.POSITIVE_INFINITY,
}));

vi.mock('node:fs/promises', async (importOriginal) => {
  const real = await importOriginal<typeof import('node:fs/promises')>();
  const refuse = (code: string): Promise<never> => Promise.reject(Object.assign(new Error(code), { code }));
  return {
    ...real,
    rename(from: string, to: string) {
      const code = disk.rename(from);
      return code === null ? real.rename(from, to) : refuse(code);
    },
    async open(path: string, flags: string) {
      const handle = await real.open(path, flags);
      return {
        write(bytes: Uint8Array, offset: number, length: number, position: number) {
          const code = disk.write(position);
          return code === null ? handle.write(bytes, offset, Math.min(length, disk.atOnce), position) : refuse(code);
        },
        sync: () => (disk.sync === null ? handle.sync() : refuse(disk.sync)),
        close: () => handle.close(),
      } as unknown as FileHandle;
    },
  };
});

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'espalier-disk-'));
});
afterEach(async () => {
  Object.assign(disk, { rename: () => null, write: () => null, sync: null, atOnce: Number.POSITIVE_INFINITY });
  await rm(folder, { recursive: true, force: true });
});

const MEGABYTE = 1024 * 1024;
const window = (): Uint8Array => Uint8Array.from({ length: MEGABYTE + 5 }, (_, i) => (i * 7 + (i >> 13)) & 255);
const created = async (output: ReturnType<typeof outputFolder>, name: string) => {
  const sink = await output.create(name);
  if (!sink.ok) throw new Error(sink.fault.message);
  return sink.value;
};

test('a window arrives whole, however little the disk takes at once', async () => {
  disk.atOnce = 1000;
  const output = outputFolder(folder, { overwrite: false, inputs: [] });
  const sink = await created(output, 'a.bin');
  await sink.write(window().subarray(0, 3));
  await sink.write(window().subarray(3));
  await output.commit();
  expect((await readFile(join(folder, 'a.bin'))).equals(window())).toBe(true);
});

test('a disk that fills up within a window is told once every piece has ended, and nothing stays', async () => {
  disk.write = (position) => (position >= 3 * 128 * 1024 ? 'ENOSPC' : null);
  const output = outputFolder(folder, { overwrite: false, inputs: [] });
  const sink = await created(output, 'a.bin');
  await expect(sink.write(window())).rejects.toMatchObject({ fault: { code: 'output/no-space', file: 'a.bin' } });
  await output.discard();
  expect(await readdir(folder)).toEqual([]);
});

test.each([
  ['EBUSY', /another program has it open/],
  ['EPERM', /not permitted, or another program has it open/],
])('an output that is open elsewhere (%s) stays as it was', async (code, message) => {
  await writeFile(join(folder, 'a.bin'), 'old');
  disk.rename = (from) => (from === join(folder, 'a.bin') ? code : null);
  const output = outputFolder(folder, { overwrite: true, inputs: [] });
  await (await created(output, 'a.bin')).write(window());
  expect(await output.commit()).toMatchObject({
    fault: { code: 'output/unwritable', file: 'a.bin', message: expect.stringMatching(message) },
  });
  expect(await readdir(folder)).toEqual(['a.bin']);
  expect(await readFile(join(folder, 'a.bin'), 'utf8')).toBe('old');
});

test('what the disk does not keep is not put in place', async () => {
  disk.sync = 'EIO';
  const output = outputFolder(folder, { overwrite: false, inputs: [] });
  await (await created(output, 'a.bin')).write(window());
  expect(await output.commit()).toMatchObject({ fault: { code: 'output/unwritable', message: /EIO/ } });
  expect(await readdir(folder)).toEqual([]);
});

/** A disk of 2 MB, where this machine lets one be made. */
function smallDisk(at: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', at], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

describe('a real disk of 2 MB', () => {
  test('is too small: said before, and when it is full', async (context) => {
    const at = join(folder, 'small');
    await mkdir(at);
    if (!smallDisk(at)) return context.skip();
    try {
      const output = outputFolder(at, { overwrite: false, inputs: [], expectedBytes: 3 * MEGABYTE });
      expect(await output.create('a.bin')).toMatchObject({ fault: { code: 'output/no-space' } });
      const unknown = outputFolder(at, { overwrite: false, inputs: [] });
      const sink = await created(unknown, 'a.bin');
      await sink.write(window());
      await expect(sink.write(window())).rejects.toMatchObject({ fault: { code: 'output/no-space' } });
      await unknown.discard();
      expect(await readdir(at)).toEqual([]);
    } finally {
      execFileSync('umount', [at]);
    }
  });
});
