import { raise } from '@espalier/base';
import type { ByteSource } from '@espalier/tensor';

/** One line of the central directory, before anything of the entry itself was looked at. */
export interface DirectoryEntry {
  readonly name: string;
  /** The name as stored, to compare with the local header. */
  readonly nameBytes: Uint8Array;
  readonly flags: number;
  /** 0 stored, 8 deflated. */
  readonly method: number;
  readonly crc32: number;
  readonly storedBytes: number;
  readonly sizeBytes: number;
  /** Absolute offset of the local header. */
  readonly headerOffset: number;
}

export interface Directory {
  readonly entries: readonly DirectoryEntry[];
  /** Absolute offset of the central directory: everything before it may be data. */
  readonly begin: number;
}

/** The end record has 22 bytes and a comment of at most 65 535. */
const TAIL_BYTES = 22 + 65_535;
/** Directories of real archives stay far below: a model of 100 000 tensors has about 10 MB. */
const MAX_DIRECTORY_BYTES = 256 * 1024 * 1024;
const MAX_ENTRIES = 1_000_000;

const END = 0x06054b50;
const END64 = 0x06064b50;
const END64_LOCATOR = 0x07064b50;
const CENTRAL = 0x02014b50;
const ABSENT32 = 0xffffffff;

/**
 * Reads the central directory, the list at the end of the file. Source: PKWARE APPNOTE 6.3.10, sections 4.3.12 to 4.3.16.
 * Faults: `checkpoint/truncated`, `zip/directory`, `zip/too-many-entries`.
 */
export async function readDirectory(source: ByteSource, signal?: AbortSignal): Promise<Directory> {
  const end = await readEnd(source, signal);
  if (end.count > MAX_ENTRIES || end.bytes > MAX_DIRECTORY_BYTES) {
    raise({
      code: 'zip/too-many-entries',
      file: source.name,
      offset: end.at,
      expected: MAX_ENTRIES,
      found: end.count,
      message: `The directory says ${end.count} entries in ${end.bytes} bytes, at most ${MAX_ENTRIES} are read.`,
    });
  }
  // Bytes may stand before the archive (a self-extracting one): offsets then count from where it begins.
  const begin = end.at - end.bytes;
  const shift = begin - end.begin;
  if (begin < 0 || shift < 0 || end.count * 46 > end.bytes) {
    raise({
      code: 'zip/directory',
      file: source.name,
      offset: end.at,
      expected: end.begin + end.bytes,
      found: end.at,
      message: `The directory says ${end.count} entries in ${end.bytes} bytes at ${end.begin}, its end record stands at ${end.at}.`,
    });
  }
  const bytes = await source.read(begin, end.bytes, signal);
  return { entries: parseDirectory(bytes, end.count, begin, shift, source.name), begin };
}

interface End {
  readonly count: number;
  readonly bytes: number;
  readonly begin: number;
  /** Absolute offset of the (zip64) end record, where the directory must stop. */
  readonly at: number;
}

async function readEnd(source: ByteSource, signal?: AbortSignal): Promise<End> {
  const tailBegin = Math.max(0, source.sizeBytes - TAIL_BYTES);
  const tail = await source.read(tailBegin, source.sizeBytes - tailBegin, signal);
  const view = viewOf(tail);
  const at = findEnd(view);
  if (at === -1) {
    raise({
      code: 'checkpoint/truncated',
      file: source.name,
      offset: source.sizeBytes,
      expected: 'a zip directory at the end',
      found: 'none',
      message: `The file ends at ${source.sizeBytes} without the directory of a zip archive.`,
      hint: 'It may be an unfinished download.',
    });
  }
  const small: End = {
    count: view.getUint16(at + 10, true),
    bytes: view.getUint32(at + 12, true),
    begin: view.getUint32(at + 16, true),
    at: tailBegin + at,
  };
  if (at >= 20 && view.getUint32(at - 20, true) === END64_LOCATOR) {
    return await readEnd64(source, view.getBigUint64(at - 12, true), tailBegin + at - 20, signal);
  }
  return small;
}

/** The last record whose comment reaches exactly to the end of the file, else the last that fits. */
function findEnd(tail: DataView): number {
  let loose = -1;
  for (let at = tail.byteLength - 22; at >= 0; at--) {
    if (tail.getUint32(at, true) !== END) continue;
    const end = at + 22 + tail.getUint16(at + 20, true);
    if (end === tail.byteLength) return at;
    if (end < tail.byteLength && loose === -1) loose = at;
  }
  return loose;
}

async function readEnd64(source: ByteSource, stated: bigint, locatorAt: number, signal?: AbortSignal): Promise<End> {
  const wrong = (found: string | number): never =>
    raise({
      code: 'zip/directory',
      file: source.name,
      offset: locatorAt,
      expected: `a zip64 end record before ${locatorAt}`,
      found,
      message: 'The zip64 locator points to no zip64 end record.',
    });
  if (locatorAt < 56) return wrong(String(stated));
  // The record usually stands right before its locator; the stated offset is wrong when bytes were put before the archive.
  let record = await source.read(locatorAt - 56, 56, signal);
  let at = locatorAt - 56;
  if (viewOf(record).getUint32(0, true) !== END64) {
    if (stated > BigInt(locatorAt - 56)) return wrong(String(stated));
    at = Number(stated);
    record = await source.read(at, 56, signal);
    if (viewOf(record).getUint32(0, true) !== END64) return wrong(String(stated));
  }
  const view = viewOf(record);
  const whole = (offset: number): number => {
    const value = view.getBigUint64(offset, true);
    return value > BigInt(source.sizeBytes) ? wrong(String(value)) : Number(value);
  };
  return { count: whole(32), bytes: whole(40), begin: whole(48), at };
}

function parseDirectory(
  bytes: Uint8Array,
  count: number,
  begin: number,
  shift: number,
  file: string,
): DirectoryEntry[] {
  const view = viewOf(bytes);
  const entries: DirectoryEntry[] = [];
  let at = 0;
  for (let index = 0; index < count; index++) {
    const broken = (what: string): never =>
      raise({
        code: 'zip/directory',
        file,
        offset: begin + at,
        message: `Entry ${index} of ${count} in the zip directory: ${what}.`,
      });
    if (at + 46 > bytes.length) return broken(`it begins at ${at}, the directory has ${bytes.length} bytes`);
    if (view.getUint32(at, true) !== CENTRAL) return broken('its signature is missing');
    const nameLength = view.getUint16(at + 28, true);
    const extraLength = view.getUint16(at + 30, true);
    const next = at + 46 + nameLength + extraLength + view.getUint16(at + 32, true);
    if (next > bytes.length) return broken(`it ends at ${next}, the directory has ${bytes.length} bytes`);
    const nameBytes = bytes.subarray(at + 46, at + 46 + nameLength);
    const flags = view.getUint16(at + 8, true);
    const extra = viewOf(bytes.subarray(at + 46 + nameLength, at + 46 + nameLength + extraLength));
    const [sizeBytes, storedBytes, offset] = widen(
      extra,
      [view.getUint32(at + 24, true), view.getUint32(at + 20, true), view.getUint32(at + 42, true)],
      broken,
    );
    entries.push({
      name: nameOf(nameBytes),
      nameBytes,
      flags,
      method: view.getUint16(at + 10, true),
      crc32: view.getUint32(at + 16, true),
      storedBytes,
      sizeBytes,
      headerOffset: offset + shift,
    });
    at = next;
  }
  return entries;
}

/** Replaces sizes of 0xffffffff by the 64-bit ones of extra field 1, which holds only those that are needed, in this order. */
function widen(
  extra: DataView,
  small: readonly [number, number, number],
  broken: (what: string) => never,
): [number, number, number] {
  const wide: [number, number, number] = [...small];
  if (!small.includes(ABSENT32)) return wide;
  let at = 0;
  while (at + 4 <= extra.byteLength) {
    const length = extra.getUint16(at + 2, true);
    const end = Math.min(at + 4 + length, extra.byteLength);
    if (extra.getUint16(at, true) === 1) {
      let field = at + 4;
      for (let i = 0; i < 3; i++) {
        if (small[i] !== ABSENT32) continue;
        if (field + 8 > end) return broken('its zip64 field is too short');
        const value = extra.getBigUint64(field, true);
        if (value > BigInt(Number.MAX_SAFE_INTEGER)) return broken(`a size of ${value} bytes cannot be addressed`);
        wide[i] = Number(value);
        field += 8;
      }
      return wide;
    }
    at += 4 + length;
  }
  return wide;
}

const strict = new TextDecoder('utf-8', { fatal: true });
const latin = new TextDecoder('latin1');

/** UTF-8, whether the flag says so or not; what is not UTF-8 is read byte by byte so that names stay distinct. */
function nameOf(bytes: Uint8Array): string {
  try {
    return strict.decode(bytes);
  } catch {
    return latin.decode(bytes);
  }
}

export const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
