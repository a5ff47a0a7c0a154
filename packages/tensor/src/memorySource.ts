import { type Fault, fail, ok, type Result, raise } from '@espalier/base';
import type { ByteSource } from './source.js';

/** A `ByteSource` over bytes in memory, with an optional folder around it. For archives' entries, buffers of the editor, and tests. */
export function memorySource(
  name: string,
  bytes: Uint8Array,
  folder: ReadonlyMap<string, Uint8Array> = new Map([[name, bytes]]),
): ByteSource {
  const view = (begin: number, length: number): Uint8Array => {
    if (begin < 0 || length < 0 || begin + length > bytes.length) {
      raise({
        code: 'checkpoint/truncated',
        message: `The file ends at byte ${bytes.length}, ${length} bytes are needed at ${begin}.`,
        file: name,
        offset: begin,
        expected: begin + length,
        found: bytes.length,
      });
    }
    return bytes.subarray(begin, begin + length);
  };
  return {
    name,
    sizeBytes: bytes.length,
    async read(begin, length, signal) {
      signal?.throwIfAborted();
      return view(begin, length).slice();
    },
    async readInto(target, begin, signal) {
      signal?.throwIfAborted();
      target.set(view(begin, target.length));
    },
    async sibling(other): Promise<Result<ByteSource, Fault>> {
      if (escapesFolder(other)) {
        return fail({
          code: 'path/outside-folder',
          message: `The name ${JSON.stringify(other)} leaves the folder of the file.`,
          file: name,
        });
      }
      const path = other.replaceAll('\\', '/').replace(/^(?:\.\/)+/, '');
      const found = folder.get(path);
      if (found === undefined) {
        return fail({ code: 'path/not-found', message: `${other} does not exist beside ${name}.`, file: name });
      }
      // Names inside the sibling are relative to its own folder.
      const below = path.slice(0, path.lastIndexOf('/') + 1);
      const beside = [...folder].filter(([entry]) => entry.startsWith(below));
      return ok(
        memorySource(
          path.slice(below.length),
          found,
          new Map(beside.map(([entry, content]) => [entry.slice(below.length), content])),
        ),
      );
    },
    siblingNames: async () => [...folder.keys()].filter((entry) => !entry.includes('/')),
    close: async () => {},
  };
}

/** True for names that a file may not use: absolute, with a drive, with a NUL, or climbing out with `..`. */
export function escapesFolder(name: string): boolean {
  if (name === '' || name.includes('\0') || /^[a-z]:/i.test(name) || /^[\\/]/.test(name)) return true;
  return name.split(/[\\/]/).includes('..');
}
