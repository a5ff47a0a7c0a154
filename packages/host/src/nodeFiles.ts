import { constants, readSync } from 'node:fs';
import { type FileHandle, open, readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, relative, sep } from 'node:path';
import { attempt, type Fault, fail, type Result, raise } from '@espalier/base';
import type { FileStat, Files } from '@espalier/service';
import { type ByteSource, escapesFolder } from '@espalier/tensor';
import { pathOnDisk } from './pathOnDisk.js';

/** Where links may lead, besides the folder of the file itself. */
export interface FollowRules {
  readonly workspaceRoots: readonly string[];
  /** In a trusted workspace a link may lead anywhere. */
  readonly trusted: boolean;
}

/** A single read is at most this long, so that an abort is observed soon on slow disks. */
const READ_SLICE_BYTES = 4 * 1024 * 1024;

export interface ReadingMode {
  /**
   * Reads block the thread: for worker threads, which have nothing else to do meanwhile. It spares each read two changes of threads, a
   * sixth of the time of a scan. An abort is observed between reads.
   */
  readonly blocking?: boolean;
}

/** Files of the local disk. Opening checks that it is a regular file; reading never changes anything. */
export function nodeFiles(rules: () => FollowRules, mode: ReadingMode = {}): Files {
  return {
    open: (path, signal) =>
      attempt(async () => {
        signal?.throwIfAborted();
        return openRegular(path, basename(path), rules, mode);
      }),
    stat: statOf,
    list: async (folder) => {
      try {
        const entries = await readdir(folder, { withFileTypes: true });
        return entries.map((entry) => ({ name: entry.name, folder: entry.isDirectory() }));
      } catch {
        return [];
      }
    },
  };
}

async function statOf(path: string): Promise<FileStat | null> {
  try {
    const found = await stat(await pathOnDisk(path));
    return {
      kind: found.isDirectory() ? 'folder' : found.isFile() ? 'file' : 'other',
      sizeBytes: found.size,
      modifiedMs: found.mtimeMs,
    };
  } catch {
    return null;
  }
}

async function openRegular(
  path: string,
  name: string,
  rules: () => FollowRules,
  mode: ReadingMode,
): Promise<ByteSource> {
  const onDisk = await pathOnDisk(path);
  const found = await stat(onDisk).catch((error: NodeJS.ErrnoException) => raise(unreadable(name, error)));
  if (!found.isFile()) {
    raise({ code: 'path/not-a-file', message: 'It is not a regular file.', file: name });
  }
  const handle = await open(onDisk, constants.O_RDONLY).catch((error: NodeJS.ErrnoException) =>
    raise(unreadable(name, error)),
  );
  return fileSource(handle, path, name, found.size, rules, mode);
}

function unreadable(name: string, error: NodeJS.ErrnoException, subject = 'The file'): Fault {
  if (error.code === 'ENOENT') return { code: 'path/not-found', message: `${subject} does not exist.`, file: name };
  return { code: 'file/unreadable', message: `${subject} cannot be read: ${error.code ?? error.message}.`, file: name };
}

function fileSource(
  handle: FileHandle,
  path: string,
  name: string,
  sizeBytes: number,
  rules: () => FollowRules,
  mode: ReadingMode,
): ByteSource {
  let closed = false;
  const slice = async (target: Uint8Array, at: number, length: number, position: number): Promise<number> =>
    mode.blocking === true
      ? readSync(handle.fd, target, at, length, position)
      : (await handle.read(target, at, length, position)).bytesRead;
  const readInto = async (target: Uint8Array, begin: number, signal?: AbortSignal): Promise<void> => {
    if (begin < 0 || begin + target.length > sizeBytes) {
      raise({
        code: 'checkpoint/truncated',
        message: `The file ends at byte ${sizeBytes}, ${target.length} bytes are needed at ${begin}.`,
        file: name,
        offset: begin,
        expected: begin + target.length,
        found: sizeBytes,
      });
    }
    let done = 0;
    while (done < target.length) {
      signal?.throwIfAborted();
      const length = Math.min(READ_SLICE_BYTES, target.length - done);
      const bytesRead = await slice(target, done, length, begin + done).catch((error: NodeJS.ErrnoException) =>
        raise({
          code: 'file/unreadable',
          message: `Reading failed: ${error.code ?? error.message}.`,
          file: name,
          offset: begin + done,
        }),
      );
      if (bytesRead === 0) {
        raise({
          code: 'file/changed',
          message: `The file became shorter while it was read: it had ${sizeBytes} bytes and ends now at ${begin + done}.`,
          file: name,
          offset: begin + done,
          expected: sizeBytes,
          found: begin + done,
        });
      }
      done += bytesRead;
    }
  };
  return {
    name,
    sizeBytes,
    readInto,
    async read(begin, length, signal) {
      if (length > sizeBytes) await readInto(new Uint8Array(0), begin + length);
      const bytes = new Uint8Array(length);
      await readInto(bytes, begin, signal);
      return bytes;
    },
    sibling: (other) => openSibling(path, name, other, rules, mode),
    siblingNames: async () => {
      const entries = await readdir(dirname(path), { withFileTypes: true }).catch(() => []);
      return entries.filter((entry) => !entry.isDirectory()).map((entry) => entry.name);
    },
    close: async () => {
      if (closed) return;
      closed = true;
      await handle.close();
    },
  };
}

async function openSibling(
  path: string,
  name: string,
  other: string,
  rules: () => FollowRules,
  mode: ReadingMode,
): Promise<Result<ByteSource, Fault>> {
  if (escapesFolder(other)) {
    return fail({
      code: 'path/outside-folder',
      message: `The name ${JSON.stringify(other)} leaves the folder of the file.`,
      file: name,
    });
  }
  return attempt(async () => {
    const target = join(dirname(path), ...other.split(/[\\/]/));
    const real = await realpath(target).catch((error: NodeJS.ErrnoException) => raise(unreadable(name, error, other)));
    if (!(await mayFollow(path, real, rules()))) {
      raise({
        code: 'path/outside-folder',
        message: `${other} is a link to a place outside of the workspace.`,
        file: name,
        hint: 'It is followed in a trusted workspace.',
      });
    }
    return openRegular(target, basename(target), rules, mode);
  });
}

/** A link that the disk holds may end in the file's own folder, in the workspace, or in the same hub cache. */
async function mayFollow(path: string, real: string, rules: FollowRules): Promise<boolean> {
  if (rules.trusted) return true;
  const folder = await realpath(dirname(path)).catch(() => dirname(path));
  const roots = [folder, hubRepository(folder), ...rules.workspaceRoots];
  return roots.some((root) => root !== null && isInside(real, root));
}

/** `…/models--org--name` of a folder `…/models--org--name/snapshots/REVISION[/…]`, whose files are links into `blobs`. */
function hubRepository(folder: string): string | null {
  const parts = folder.split(sep);
  const at = parts.lastIndexOf('snapshots');
  return at > 0 && parts[at - 1]!.startsWith('models--') ? parts.slice(0, at).join(sep) : null;
}

export function isInside(path: string, root: string): boolean {
  const way = relative(root, path);
  return way === '' || (!isAbsolute(way) && way !== '..' && !way.startsWith(`..${sep}`));
}
