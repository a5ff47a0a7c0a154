import { type Fault, fail, ok, type Result, raise } from '@espalier/base';
import { type ByteSource, escapesFolder } from '@espalier/tensor';
import { type DirectoryEntry, readDirectory, viewOf } from './directory.js';
import { inflatedSource } from './inflated.js';
import { sliceSource } from './slice.js';

/** A file inside a zip archive. */
export interface ZipEntry {
  readonly name: string;
  /** Size after inflating. */
  readonly sizeBytes: number;
  /** Bytes in the archive. */
  readonly storedBytes: number;
  readonly method: 'stored' | 'deflated' | 'unsupported';
  /**
   * Offset in the archive of the entry's first byte, read from its local header and checked.
   * For a stored entry, `sizeBytes` bytes from there are its content: read them from the archive itself.
   */
  locate(signal?: AbortSignal): Promise<number>;
  /**
   * The content as a source of its own, for headers and for deflated data: a stored entry is a range of the archive, a deflated one is
   * inflated on the way, cheapest from front to back. Its siblings are the entries of the same folder inside the archive.
   * Closing it is allowed and does not close the archive.
   */
  open(): ByteSource;
}

export interface Zip {
  /** Files in directory order (folders are left out). */
  readonly entries: readonly ZipEntry[];
  /** The entry of that exact name; of several the last, as other readers do. */
  find(name: string): ZipEntry | undefined;
}

/** True for a file that begins with a local header, as every archive does that a framework wrote. */
export const looksLikeZip = (head: Uint8Array): boolean =>
  head.length >= 4 && head[0] === 0x50 && head[1] === 0x4b && head[2] === 0x03 && head[3] === 0x04;

/** Name of the first entry, from the first bytes of the file: enough to tell .npz from .pt from .keras. '' if it is cut off. */
export function firstEntryName(head: Uint8Array): string {
  if (!looksLikeZip(head) || head.length < 30) return '';
  const length = viewOf(head).getUint16(26, true);
  return 30 + length > head.length ? '' : new TextDecoder('utf-8').decode(head.subarray(30, 30 + length));
}

/** Deflate cannot do better: 258 bytes from 2 bits, less the overhead (zlib, "Maximum Expansion Factor"). */
const MAX_DEFLATE_RATIO = 1032;
/** An archive that grows this much is not one that we inflate, however the growth is spread over its entries. */
const BOMB_BYTES = 1024 ** 3;
const BOMB_RATIO = 200;

/**
 * Lists a zip archive: its directory only, no entry is read. Sizes and places are checked against each other and against the file.
 * Faults: `checkpoint/truncated`, `zip/directory`, `zip/too-many-entries`, `zip/overlap`, `zip/bomb`.
 */
export async function readZip(source: ByteSource, signal?: AbortSignal): Promise<Zip> {
  const directory = await readDirectory(source, signal);
  const ends = dataEnds(directory.entries, directory.begin, source.name);
  raiseIfBomb(directory.entries, source);
  const entries: ZipEntry[] = [];
  const byName = new Map<string, ZipEntry>();
  for (const [index, line] of directory.entries.entries()) {
    if (line.name.endsWith('/') && line.sizeBytes === 0) continue;
    const entry = createEntry(source, line, ends[index]!, byName);
    entries.push(entry);
    byName.set(entry.name, entry);
  }
  return { entries, find: (name) => byName.get(name) };
}

/** For each entry the byte where the next one, or the directory, begins. Raises when two claim the same bytes. */
function dataEnds(entries: readonly DirectoryEntry[], directoryBegin: number, file: string): number[] {
  const order = entries.map((_, index) => index).sort((a, b) => entries[a]!.headerOffset - entries[b]!.headerOffset);
  const ends = new Array<number>(entries.length);
  for (let i = 0; i < order.length; i++) {
    const entry = entries[order[i]!]!;
    const end = i + 1 < order.length ? entries[order[i + 1]!]!.headerOffset : directoryBegin;
    if (entry.headerOffset >= directoryBegin) {
      raise({
        code: 'zip/directory',
        file,
        offset: directoryBegin,
        expected: directoryBegin,
        found: entry.headerOffset,
        message: `Entry ${entry.name} is said to begin at ${entry.headerOffset}, the archive's data ends at ${directoryBegin}.`,
      });
    }
    const atLeast = entry.headerOffset + 30 + entry.nameBytes.length + entry.storedBytes;
    if (atLeast > end) raiseOverlap(file, entry.name, entry.headerOffset, atLeast, end);
    ends[order[i]!] = end;
  }
  return ends;
}

function raiseOverlap(file: string, name: string, begin: number, end: number, next: number): never {
  raise({
    code: 'zip/overlap',
    file,
    offset: begin,
    expected: next,
    found: end,
    message: `Entry ${name} begins at ${begin} and ends at ${end}, but what follows it begins at ${next}.`,
  });
}

function raiseIfBomb(entries: readonly DirectoryEntry[], source: ByteSource): void {
  let total = 0;
  for (const entry of entries) {
    if (entry.method !== 8) continue;
    total += entry.sizeBytes;
    const most = (entry.storedBytes + 8) * MAX_DEFLATE_RATIO;
    if (entry.sizeBytes > most) {
      raise({
        code: 'zip/bomb',
        file: source.name,
        offset: entry.headerOffset,
        expected: most,
        found: entry.sizeBytes,
        message: `Entry ${entry.name} says that ${entry.storedBytes} bytes inflate to ${entry.sizeBytes}; deflate cannot do that.`,
      });
    }
  }
  if (total > BOMB_BYTES && total > BOMB_RATIO * source.sizeBytes) {
    raise({
      code: 'zip/bomb',
      file: source.name,
      offset: 0,
      expected: BOMB_RATIO * source.sizeBytes,
      found: total,
      message: `The archive has ${source.sizeBytes} bytes and says that it inflates to ${total}. It was not inflated.`,
    });
  }
}

function createEntry(
  source: ByteSource,
  line: DirectoryEntry,
  dataEnd: number,
  byName: ReadonlyMap<string, ZipEntry>,
): ZipEntry {
  let located: number | undefined;
  const method = methodOf(line);

  async function locate(signal?: AbortSignal): Promise<number> {
    if (located !== undefined) return located;
    const header = await source.read(line.headerOffset, 30 + line.nameBytes.length, signal);
    const begin = checkLocalHeader(header, line, source.name);
    if (begin + line.storedBytes > dataEnd) {
      raiseOverlap(source.name, line.name, begin, begin + line.storedBytes, dataEnd);
    }
    located = begin;
    return begin;
  }

  const sibling = async (other: string): Promise<Result<ByteSource, Fault>> => {
    if (escapesFolder(other)) {
      const message = `The name ${JSON.stringify(other)} leaves the folder of the file.`;
      return fail({ code: 'path/outside-folder', message, file: line.name });
    }
    const found = byName.get(folderOf(line.name) + other.replaceAll('\\', '/').replace(/^(?:\.\/)+/, ''));
    if (found === undefined) {
      return fail({ code: 'path/not-found', message: `${other} is not in ${source.name}.`, file: line.name });
    }
    return ok(found.open());
  };
  const around = {
    sibling,
    siblingNames: async () => namesIn(folderOf(line.name), byName),
    close: async () => {},
  };

  return {
    name: line.name,
    sizeBytes: line.sizeBytes,
    storedBytes: line.storedBytes,
    method,
    locate,
    open() {
      const name = line.name.slice(folderOf(line.name).length);
      switch (method) {
        case 'stored':
          return { ...sliceSource(name, source, locate, line.sizeBytes), ...around };
        case 'deflated':
          return {
            ...inflatedSource({
              name,
              archive: source,
              locate,
              storedBytes: line.storedBytes,
              sizeBytes: line.sizeBytes,
              crc32: line.crc32,
            }),
            ...around,
          };
        case 'unsupported':
          return raiseUnsupported(line, source.name);
      }
    },
  };
}

function methodOf(line: DirectoryEntry): ZipEntry['method'] {
  if (line.flags & 0x41) return 'unsupported'; // Encrypted, or strongly encrypted.
  if (line.method === 0 && line.storedBytes === line.sizeBytes) return 'stored';
  return line.method === 8 ? 'deflated' : 'unsupported';
}

function raiseUnsupported(line: DirectoryEntry, file: string): never {
  const found =
    line.flags & 0x41 ? 'encrypted' : line.method === 0 ? 'stored with two different sizes' : `method ${line.method}`;
  raise({
    code: 'zip/unsupported',
    file,
    offset: line.headerOffset,
    expected: 'stored or deflated',
    found,
    message: `Entry ${line.name} cannot be read.`,
  });
}

/** Offset of the data behind the local header, which has to be the header of the very same entry. */
function checkLocalHeader(header: Uint8Array, line: DirectoryEntry, file: string): number {
  const view = viewOf(header);
  const broken = (what: string, expected: string | number, found: string | number): never =>
    raise({
      code: 'zip/local-header',
      file,
      offset: line.headerOffset,
      expected,
      found,
      message: `The local header of ${line.name} ${what}.`,
    });
  const signature = view.getUint32(0, true);
  if (signature !== 0x04034b50) return broken('is missing', '0x04034b50', `0x${signature.toString(16)}`);
  const nameLength = view.getUint16(26, true);
  const sameName =
    nameLength === line.nameBytes.length && line.nameBytes.every((byte, index) => byte === header[30 + index]);
  if (!sameName) return broken('names another file', line.name, `a name of ${nameLength} bytes`);
  const method = view.getUint16(8, true);
  if (method !== line.method) return broken('has another compression method', line.method, method);
  return line.headerOffset + 30 + nameLength + view.getUint16(28, true);
}

/** With its slash, '' at the top. */
const folderOf = (name: string): string => name.slice(0, name.lastIndexOf('/') + 1);

const namesIn = (folder: string, byName: ReadonlyMap<string, ZipEntry>): string[] =>
  [...byName.keys()]
    .filter((name) => name.startsWith(folder) && !name.includes('/', folder.length))
    .map((name) => name.slice(folder.length));
