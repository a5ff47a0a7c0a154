import { type FileHandle, open, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { type Fault, fail, ok, type Result, raise } from '@espalier/base';
import { type ByteSource, escapesFolder } from '@espalier/tensor';

/** How often and how much a source was read, for tests of laziness. */
export interface ReadLog {
  reads: number;
  bytes: number;
}

/** A file on disk as a `ByteSource`: for tests and benchmarks. Siblings stay inside the file's folder; links are not looked at. */
export async function fileSource(path: string, log: ReadLog = { reads: 0, bytes: 0 }): Promise<ByteSource> {
  const handle = await open(path, 'r');
  const { size } = await handle.stat();
  return sourceOf(path, handle, size, log);
}

function sourceOf(path: string, handle: FileHandle, sizeBytes: number, log: ReadLog): ByteSource {
  const name = basename(path);
  let closed = false;

  async function readInto(target: Uint8Array, begin: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (closed) throw new Error(`invariant: ${name} was read after it was closed`);
    if (begin < 0 || begin + target.length > sizeBytes) {
      raise({
        code: 'checkpoint/truncated',
        file: name,
        offset: begin,
        expected: begin + target.length,
        found: sizeBytes,
        message: `The file ends at ${sizeBytes}, ${target.length} bytes are needed at ${begin}.`,
      });
    }
    log.reads++;
    log.bytes += target.length;
    for (let done = 0; done < target.length; ) {
      const { bytesRead } = await handle.read(target, done, target.length - done, begin + done);
      if (bytesRead === 0)
        raise({ code: 'file/changed', file: name, offset: begin + done, message: 'The file became shorter.' });
      done += bytesRead;
    }
  }

  return {
    name,
    sizeBytes,
    async read(begin, length, signal) {
      if (length < 0 || begin + length > sizeBytes) await readInto(new Uint8Array(0), sizeBytes + 1, signal);
      const bytes = new Uint8Array(length);
      await readInto(bytes, begin, signal);
      return bytes;
    },
    readInto,
    async sibling(other): Promise<Result<ByteSource, Fault>> {
      if (escapesFolder(other)) {
        const message = `The name ${JSON.stringify(other)} leaves the folder of the file.`;
        return fail({ code: 'path/outside-folder', message, file: name });
      }
      const at = join(dirname(path), other);
      const found = await stat(at).catch(() => undefined);
      if (found === undefined)
        return fail({ code: 'path/not-found', message: `${other} does not exist beside ${name}.`, file: name });
      if (!found.isFile()) return fail({ code: 'path/not-a-file', message: `${other} is not a file.`, file: name });
      return ok(await fileSource(at, log));
    },
    async siblingNames() {
      const entries = await readdir(dirname(path), { withFileTypes: true });
      return entries.filter((entry) => !entry.isDirectory()).map((entry) => entry.name);
    },
    async close() {
      if (closed) return;
      closed = true;
      await handle.close();
    },
  };
}
