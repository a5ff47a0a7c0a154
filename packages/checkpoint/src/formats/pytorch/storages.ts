import { attempt, type Fault, raise } from '@espalier/base';
import type { ByteSource } from '@espalier/tensor';
import { type Pickle, readPickle } from './pickle/read.js';
import { itemsOf, type Value } from './pickle/value.js';
import type { Place } from './place.js';
import { storageOf } from './rebuild.js';

/** A file of the layout before PyTorch 1.6, or a part of a file in that layout. */
export interface Legacy {
  readonly main: Pickle;
  /** Where the storages are, by key. */
  readonly places: ReadonlyMap<string, Place | Fault>;
}

/**
 * Magic, version, system, the value, keys of storages; then for each key 8 bytes of element count and the elements, little-endian.
 * When the file ends behind the value, all storages are missing. Source: torch/serialization.py, `_legacy_save`.
 */
export async function readLegacy(source: ByteSource, begin: number, signal?: AbortSignal): Promise<Legacy> {
  let at = begin;
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
      found: typeof version === 'object' ? 'something else' : String(version),
      message: 'The protocol version of this PyTorch file is not known.',
    });
  }
  await next();
  const main = await next();
  const keys = await attempt(next);
  if (keys.ok) return { main, places: await findStorages(source, main, keys.value, signal) };
  const lost = main.persistent.map((id): [string, Fault] => [
    storageOf({ kind: 'persistent', id })?.key ?? '',
    keys.fault,
  ]);
  return { main, places: new Map(lost) };
}

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
