import type { Fault } from '@espalier/base';
import type { ByteSource } from '@espalier/tensor';
import type { Checkpoint, OpenOptions } from '../../checkpoint.js';
import { unreadableFindings } from '../../values/unreadable.js';
import { toEntries } from './entries.js';
import { cutFinding, foreignFindings } from './findings.js';
import { resolveNested } from './nested.js';
import { type Pickle, readPickle } from './pickle/read.js';
import type { FindStorage, Place } from './place.js';
import { readLegacy } from './storages.js';
import { walk } from './walk.js';

/** `0x1950a86a20f9469cfc6c` as the pickle of an integer: PROTO, LONG1, ten bytes. Source: torch/serialization.py, MAGIC_NUMBER. */
const MAGIC = [0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

/** The layout before PyTorch 1.6: five pickles in a row, then the storages. */
export const looksLegacy = (head: Uint8Array): boolean =>
  head.length > 14 && head[0] === 0x80 && MAGIC.every((byte, index) => head[2 + index] === byte);

/** Any other pickle of protocol 2 or later. */
export const looksLikePickle = (head: Uint8Array): boolean =>
  head.length > 2 && head[0] === 0x80 && head[1]! >= 2 && head[1]! <= 5;

/** What `torch.save` wrote before 1.6, and still writes when it is asked to. */
export async function openLegacy(source: ByteSource, { signal }: OpenOptions): Promise<Checkpoint> {
  const { main, places } = await readLegacy(source, 0, signal);
  return await checkpointOf(source, main, places, ['pytorch-legacy', 'PyTorch (legacy)'], signal);
}

/** A pickle that `torch.save` did not write: NumPy arrays, or tensors whose storages are byte strings. */
export async function openPickle(source: ByteSource, { signal }: OpenOptions): Promise<Checkpoint> {
  const pickle = await readPickle(source, 0, signal);
  return await checkpointOf(source, pickle, new Map(), ['pickle', 'Python pickle'], signal);
}

async function checkpointOf(
  source: ByteSource,
  pickle: Pickle,
  storages: ReadonlyMap<string, Place | Fault>,
  [format, formatLabel]: readonly [string, string],
  signal?: AbortSignal,
): Promise<Checkpoint> {
  const nested = await resolveNested(source, pickle, signal);
  const find: FindStorage = async ({ key }) => storages.get(key) ?? nested.places.get(key) ?? missing(source, key);
  const walked = walk(pickle.value);
  const tensors = await toEntries(walked.found, source, source.name, find);
  return {
    format,
    formatLabel,
    tensors,
    metadata: walked.metadata,
    findings: [
      ...foreignFindings([pickle, ...nested.pickles], source.name, (offset) => offset),
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
