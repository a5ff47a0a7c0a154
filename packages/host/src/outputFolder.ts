import { randomBytes } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, rename, rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { bytesText, type Fault, FaultError, fail, ok, raise } from '@espalier/base';
import type { ByteSink, OutputFolder, WrittenFile } from '@espalier/checkpoint';

export interface OutputRules {
  /** Whether files that exist may be replaced. */
  readonly overwrite: boolean;
  /** Files that are being read: never replaced, also under another name. */
  readonly inputs: readonly string[];
  /** Bytes that will be written, where known: what does not fit is said before anything is. */
  readonly expectedBytes?: number;
}

interface Part {
  readonly name: string;
  readonly temporary: string;
  readonly handle: FileHandle;
  size: number;
}

/**
 * A window is written in pieces side by side. For long writes Linux looks for long runs of free memory to cache them in, which takes twice the time of the copying itself on a machine
 * that has been running for a while.
 */
const PIECE_BYTES = 128 * 1024;

/** `.model.safetensors.espalier-1234-5f3a.part`: the number is the process that writes it. */
const PART = /^\..+\.espalier-(\d+)-[0-9a-f]+\.part$/;

/** An output folder on the disk. Files are written under temporary names beside their place and renamed together. */
export function outputFolder(folder: string, rules: OutputRules): OutputFolder {
  const parts: Part[] = [];

  const close = async (): Promise<void> => {
    for (const { handle } of parts) await handle.close().catch(() => {});
  };
  const discard = async (): Promise<void> => {
    await close();
    for (const { temporary } of parts) await rm(temporary, { force: true }).catch(() => {});
    parts.length = 0;
  };

  return {
    discard,
    async create(name) {
      try {
        if (name === '' || name !== name.replaceAll(/[\\/\0]/g, '') || name === '.' || name === '..') {
          raise({ code: 'output/name', message: `${JSON.stringify(name)} is no plain file name.`, file: name });
        }
        await mkdir(folder, { recursive: true }).catch((error) => raise(unwritable(folder, error)));
        await mayReplace(join(folder, name), name, rules);
        if (parts.length === 0 && rules.expectedBytes !== undefined) await hasRoom(folder, name, rules.expectedBytes);
        const temporary = join(folder, `.${name}.espalier-${process.pid}-${randomBytes(4).toString('hex')}.part`);
        const handle = await open(temporary, 'wx').catch((error) => raise(unwritable(name, error)));
        const part: Part = { name, temporary, handle, size: 0 };
        parts.push(part);
        return ok(sinkOf(part));
      } catch (error) {
        if (error instanceof FaultError) return fail(error.fault);
        throw error;
      }
    },
    async commit() {
      const replaced: { readonly path: string; readonly kept: string }[] = [];
      const done: string[] = [];
      try {
        for (const { handle, name } of parts) await handle.sync().catch((error) => raise(unwritable(name, error)));
        await close();
        for (const { name, temporary } of parts) {
          const path = join(folder, name);
          // What stood there comes back if a later file cannot be put in place.
          const kept = `${temporary}.old`;
          if ((await stat(path).catch(() => null)) !== null) {
            if (!rules.overwrite) raise(exists(name));
            await rename(path, kept).catch((error) => raise(unwritable(name, error)));
            replaced.push({ path, kept });
          }
          await rename(temporary, path).catch((error) => raise(unwritable(name, error)));
          done.push(path);
        }
      } catch (error) {
        for (const path of done) await rm(path, { force: true }).catch(() => {});
        for (const { path, kept } of replaced) await rename(kept, path).catch(() => {});
        await discard();
        if (error instanceof FaultError) return fail(error.fault);
        throw error;
      }
      for (const { kept } of replaced) await rm(kept, { force: true }).catch(() => {});
      const written: WrittenFile[] = parts.map(({ name, size }) => ({ name, sizeBytes: size }));
      parts.length = 0;
      return ok(written);
    },
  };
}

function sinkOf(part: Part): ByteSink {
  const putPiece = async (bytes: Uint8Array, at: number): Promise<void> => {
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await part.handle
        .write(bytes, done, bytes.length - done, at + done)
        .catch((error: NodeJS.ErrnoException) => raise(unwritable(part.name, error)));
      done += bytesWritten;
    }
  };
  const put = async (bytes: Uint8Array, at: number): Promise<void> => {
    if (bytes.length <= PIECE_BYTES) return await putPiece(bytes, at);
    const pieces: Promise<void>[] = [];
    for (let from = 0; from < bytes.length; from += PIECE_BYTES)
      pieces.push(putPiece(bytes.subarray(from, from + PIECE_BYTES), at + from));
    // The bytes may be reused once nobody writes them any more, also where one of the pieces failed.
    const failed = (await Promise.allSettled(pieces)).find(({ status }) => status === 'rejected');
    if (failed !== undefined) throw (failed as PromiseRejectedResult).reason;
  };
  return {
    get position() {
      return part.size;
    },
    async write(bytes) {
      await put(bytes, part.size);
      part.size += bytes.length;
    },
    patch: (begin, bytes) => put(bytes, begin),
  };
}

async function mayReplace(path: string, name: string, { overwrite, inputs }: OutputRules): Promise<void> {
  const there = await stat(path).catch(() => null);
  if (there === null) return;
  if (!there.isFile()) raise({ code: 'output/exists', message: 'There is something that is no file.', file: name });
  for (const input of inputs) {
    const read = await stat(input).catch(() => null);
    if (read !== null && read.dev === there.dev && read.ino === there.ino) {
      raise({
        code: 'output/is-input',
        message: 'The output would replace the input, which is never changed.',
        file: name,
        hint: 'Choose another name.',
      });
    }
  }
  if (!overwrite) raise(exists(name));
}

const exists = (name: string): Fault => ({
  code: 'output/exists',
  message: 'The output exists already.',
  file: name,
  hint: 'Choose another name, or agree to replace it.',
});

async function hasRoom(folder: string, name: string, needed: number): Promise<void> {
  const space = await statfs(folder).catch(() => null);
  if (space === null) return;
  const free = space.bavail * space.bsize;
  if (free < needed) raise(noSpace(name, needed, free));
}

const noSpace = (name: string, needed?: number, free?: number): Fault => ({
  code: 'output/no-space',
  message:
    needed === undefined || free === undefined
      ? 'There is no space left on the disk.'
      : `The output takes ${bytesText(needed)}, the disk has ${bytesText(free)} left.`,
  file: name,
  ...(needed === undefined || free === undefined ? {} : { expected: needed, found: free }),
});

function unwritable(name: string, error: NodeJS.ErrnoException): Fault {
  if (error.code === 'ENOSPC' || error.code === 'EDQUOT') return noSpace(name);
  const why: Readonly<Record<string, string>> = {
    EACCES: 'it is not permitted',
    // Windows answers so, too, where a file to replace is open.
    EPERM: 'it is not permitted, or another program has it open',
    EROFS: 'the disk is read-only',
    EBUSY: 'another program has it open',
    ENAMETOOLONG: 'the name is too long',
    ENOTDIR: 'a part of the path is no folder',
    EISDIR: 'it is a folder',
  };
  return {
    code: 'output/unwritable',
    message: `It cannot be written: ${why[error.code ?? ''] ?? error.code ?? error.message}.`,
    file: name,
  };
}

/** Removes what processes that are gone left half-written in a folder; with a process, what that one left. */
export async function removeStaleParts(folder: string, ofProcess?: number): Promise<number> {
  const names = await readdir(folder).catch(() => []);
  let removed = 0;
  for (const name of names) {
    const writer = Number(PART.exec(name)?.[1] ?? Number.NaN);
    if (Number.isNaN(writer) || (ofProcess === undefined ? isAlive(writer) : writer !== ofProcess)) continue;
    await rm(join(folder, name), { force: true })
      .then(() => removed++)
      .catch(() => {});
  }
  return removed;
}

function isAlive(processId: number): boolean {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
