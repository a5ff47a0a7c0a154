import type { ByteSource } from '@espalier/tensor';
import type { TensorEntry } from '../../checkpoint.js';
import { extentOf } from '../../values/strided.js';
import { numpyEntry } from '../npy/entry.js';
import { denseEntry } from './dense.js';
import type { FindStorage } from './place.js';
import type { DenseTensor, Rebuilt } from './rebuild.js';
import { sparseEntry } from './sparse.js';
import type { Found } from './walk.js';

/** Entries looked up at the same time: each may need a small read for its storage. */
const CONCURRENT = 64;

/** Tensors as entries, in order. `source` is where the pickle lies, for arrays whose bytes are inside of it. */
export async function toEntries(
  found: readonly Found[],
  source: ByteSource,
  file: string,
  find: FindStorage,
): Promise<TensorEntry[]> {
  const entries: TensorEntry[] = [];
  for (let at = 0; at < found.length; at += CONCURRENT) {
    entries.push(
      ...(await Promise.all(found.slice(at, at + CONCURRENT).map((one) => toEntry(one, source, file, find)))),
    );
  }
  return withAliases(found, entries);
}

async function toEntry(
  { name, tensor, role }: Found,
  source: ByteSource,
  file: string,
  find: FindStorage,
): Promise<TensorEntry> {
  const entry = await entryOf(name, tensor, source, file, find);
  return role === undefined ? entry : { ...entry, roleHint: role };
}

async function entryOf(
  name: string,
  tensor: Rebuilt,
  source: ByteSource,
  file: string,
  find: FindStorage,
): Promise<TensorEntry> {
  switch (tensor.kind) {
    case 'dense':
      return await denseEntry(name, tensor, file, find);
    case 'sparse':
      return await sparseEntry(name, tensor, file, find);
    case 'numpy':
      return numpyEntry(name, tensor, source, file);
    case 'meta': {
      const elements = tensor.shape.reduce((product, length) => product * length, 1);
      const { dtype, label } = tensor.type;
      return {
        name,
        dtype: dtype ?? 'UNKNOWN',
        storage: label,
        shape: tensor.shape,
        elements,
        bytes: 0,
        data: { kind: 'none', why: 'meta' },
      };
    }
    case 'unsupported': {
      const message = `Tensor ${name} is of a kind that is not read: ${tensor.what}.`;
      return {
        name,
        dtype: 'UNKNOWN',
        storage: 'unknown',
        shape: [],
        elements: 0,
        bytes: 0,
        data: { kind: 'none', why: 'unsupported', fault: { code: 'checkpoint/unsupported-tensor', file, message } },
      };
    }
  }
}

/** Names the earlier tensor for each one that covers exactly the same bytes of the same storage, whatever its shape. */
function withAliases(found: readonly Found[], entries: readonly TensorEntry[]): TensorEntry[] {
  const owners = new Map<string, string>();
  return entries.map((entry, index) => {
    const tensor = found[index]!.tensor;
    const place = tensor.kind === 'dense' ? covered(tensor, entry.elements) : undefined;
    if (place === undefined) return entry;
    const owner = owners.get(place);
    if (owner !== undefined) return { ...entry, sharesStorageWith: owner };
    owners.set(place, entry.name);
    return entry;
  });
}

/** The bytes that a tensor covers without gaps and repetitions. */
function covered(tensor: DenseTensor, elements: number): string | undefined {
  if (elements === 0 || extentOf(tensor.shape, tensor.strides) !== elements) return undefined;
  const { width } = tensor.type;
  return `${tensor.storage.key} ${(tensor.storage.viewBegin + tensor.offset) * width} ${elements * width}`;
}
