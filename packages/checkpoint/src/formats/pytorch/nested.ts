import { attempt, type Fault } from '@espalier/base';
import { type ByteSource, memorySource } from '@espalier/tensor';
import type { Pickle } from './pickle/read.js';
import { isKind, itemsOf, type PyObject, type Value } from './pickle/value.js';
import type { Place } from './place.js';
import { type Legacy, readLegacy } from './storages.js';

export interface Nested {
  readonly pickles: readonly Pickle[];
  readonly places: ReadonlyMap<string, Place | Fault>;
}

const MAX_NESTED = 100_000;

/**
 * `pickle.dump` of a tensor writes its storage as `torch.storage._load_from_bytes(b'…')`, a PyTorch file in the legacy layout inside the pickle.
 * Each is read in place, and its object gets the description of the storage as its state, under a key of its own.
 */
export async function resolveNested(source: ByteSource, pickle: Pickle, signal?: AbortSignal): Promise<Nested> {
  const pickles: Pickle[] = [];
  const places = new Map<string, Place | Fault>();
  for (const [index, object] of pickle.nested.slice(0, MAX_NESTED).entries()) {
    const inner = await attempt(() => readNested(source, object, signal));
    if (!inner.ok || inner.value === undefined) continue;
    const { main, places: innerPlaces } = inner.value;
    pickles.push(main);
    const id = isKind(main.value, 'persistent') ? itemsOf(main.value.id) : undefined;
    const place = id === undefined ? undefined : innerPlaces.get(String(id[2]));
    if (id === undefined || place === undefined) continue;
    const key = `nested ${index}`;
    places.set(key, place);
    const described: Value = { kind: 'tuple', items: [...id.slice(0, 2), key, ...id.slice(3)] };
    object.state = described;
  }
  return { pickles, places };
}

async function readNested(source: ByteSource, object: PyObject, signal?: AbortSignal): Promise<Legacy | undefined> {
  const [bytes] = object.args;
  if (!isKind(bytes, 'bytes')) return undefined;
  if (bytes.offset !== null) return await readLegacy(source, bytes.offset, signal);
  return bytes.bytes === null ? undefined : await readLegacy(memorySource(source.name, bytes.bytes), 0, signal);
}
