import { type Fault, raise } from '@espalier/base';
import type { ByteSource } from '@espalier/tensor';
import type { Checkpoint, OpenOptions } from '../../checkpoint.js';
import { unreadableFindings } from '../../values/unreadable.js';
import { toEntries } from './entries.js';
import { cutFinding, foreignFindings } from './findings.js';
import { type Pickle, readPickle } from './pickle/read.js';
import { itemsOf, type Value } from './pickle/value.js';
import type { FindStorage, Place } from './place.js';
import { storageOf } from './rebuild.js';
import { walk } from './walk.js';

/** `0x1950a86a20f9469cfc6c` as the pickle of an integer: PROTO, LONG1, ten bytes. Source: torch/serialization.py, MAGIC_NUMBER. */
const MAGIC = [0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

/** The layout before PyTorch 1.6: five pickles in a row, then the storages. */
export const looksLegacy = (head: Uint8Array): boolean =>
  head.length > 14 && head[0] === 0x80 && MAGIC.every((byte, index) => head[2 + index] === byte);

/** Any other pickle of protocol 2 or later. */
export const looksLikePickle = (head: Uint8Array): boolean =>
  head.length > 2 && head[0] === 0x80 && head[1]! >= 2 && head[1]! <= 5;

/** Magic, version, system, the value, keys of storages; then for each key 8 bytes of element count and the elements, little-endian. */
export async function openLegacy(source: ByteSource, { signal }: OpenOptions): Promise<Checkpoint> {
  let at = 0;
  const next = async (): Promise<Pickle> => {
    const pickle = await readPickle(source, at, signal);
    at = pickle.end;
    return pickle;
  };
  await next();
  const version = (await next()).value;
  if (version !== 1001) {
    raise({
      code: 'checkpoint/unsupported-version',
      file: source.name,
      offset: at,
      expected: 1001,
      found: String(version),
      message: 'The protocol version of this PyTorch file is not known.',
    });
  }
  await next();
  const main = await next();
  const places = await findStorages(source, main, await next(), signal);
  return await checkpointOf(
    source,
    main,
    async (storage) => places.get(storage.key) ?? missing(source, storage.key),
    'pytorch-legacy',
    'PyTorch (legacy)',
  );
}

/** A pickle that `torch.save` did not write. It may hold NumPy arrays; storages it cannot have. */
export async function openPickle(source: ByteSource, { signal }: OpenOptions): Promise<Checkpoint> {
  const pickle = await readPickle(source, 0, signal);
  return await checkpointOf(source, pickle, async (storage) => missing(source, storage.key), 'pickle', 'Python pickle');
}

async function checkpointOf(
  source: ByteSource,
  pickle: Pickle,
  find: FindStorage,
  format: string,
  formatLabel: string,
): Promise<Checkpoint> {
  const walked = walk(pickle.value);
  const tensors = await toEntries(walked.found, source, source.name, find);
  return {
    format,
    formatLabel,
    tensors,
    metadata: walked.metadata,
    findings: [
      ...foreignFindings([pickle], source.name, (offset) => offset),
      ...unreadableFindings(tensors),
      ...(walked.cut ? [cutFinding(source.name)] : []),
    ],
    files: [{ name: source.name, sizeBytes: source.sizeBytes }],
    close: () => source.close(),
  };
}

const missing = (source: ByteSource, key: string): Fault => ({
  code: 'checkpoint/missing-data',
  file: source.name,
  message: `Storage ${key} is not in the file.`,
});

/** Storages follow each other in the order of the key list, so a broken count hides all later ones. */
async function findStorages(
  source: ByteSource,
  main: Pickle,
  keys: Pickle,
  signal?: AbortSignal,
): Promise<Map<string, Place | Fault>> {
  const widths = new Map<string, number>();
  for (const id of main.persistent) {
    const storage = storageOf({ kind: 'persistent', id });
    if (storage !== undefined && !widths.has(storage.key)) widths.set(storage.key, storage.type.width);
  }
  const places = new Map<string, Place | Fault>();
  let at = keys.end;
  let broken: Fault | undefined;
  for (const item of itemsOf(keys.value) ?? []) {
    signal?.throwIfAborted();
    const key = keyOf(item);
    const width = widths.get(key);
    if (broken === undefined && width === undefined) broken = unknownWidth(source, key, at);
    if (broken === undefined && at + 8 > source.sizeBytes) broken = cut(source, key, at);
    if (broken !== undefined) {
      places.set(key, broken);
      continue;
    }
    const count = new DataView((await source.read(at, 8, signal)).buffer).getBigInt64(0, true);
    const begin = at + 8;
    if (count < 0n || count > 2n ** 48n) {
      broken = {
        code: 'checkpoint/size-mismatch',
        file: source.name,
        offset: at,
        found: String(count),
        message: `Storage ${key} says that it has ${count} elements.`,
      };
      places.set(key, broken);
      continue;
    }
    const bytes = Number(count) * width!;
    places.set(key, { source, begin, bytes: Math.min(bytes, Math.max(0, source.sizeBytes - begin)), bigEndian: false });
    at = begin + bytes;
  }
  return places;
}

const keyOf = (value: Value): string => (typeof value === 'object' ? '' : String(value));

const unknownWidth = (source: ByteSource, key: string, offset: number): Fault => ({
  code: 'checkpoint/missing-data',
  file: source.name,
  offset,
  message: `Storage ${key} is of a type that is not known, so what follows it cannot be found.`,
});

const cut = (source: ByteSource, key: string, offset: number): Fault => ({
  code: 'checkpoint/truncated',
  file: source.name,
  offset,
  expected: offset + 8,
  found: source.sizeBytes,
  message: `The file ends at ${source.sizeBytes}, storage ${key} begins at ${offset}.`,
  hint: 'It may be an unfinished download.',
});
