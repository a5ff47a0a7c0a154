import { type Fault, FaultError, raise, stridesOf } from '@espalier/base';
import { type ByteSource, byteLength } from '@espalier/tensor';
import type { Finding, TensorData, TensorEntry } from '../../checkpoint.js';
import { brief } from '../../names.js';
import { spanOfBytes } from '../../protobuf/index.js';
import { stridedData } from '../../values/strided.js';
import { type BundleEntry, type BundleIndex, readBundleIndex } from './bundleIndex.js';
import { type KnownVariable, readObjectGraph } from './objectGraph.js';
import { checkParts, type Part, partitionedData } from './partitioned.js';
import { sliceKey } from './sliceKey.js';

/** A checkpoint of TensorFlow: an index and its data shards. */
export interface Bundle {
  readonly entries: readonly TensorEntry[];
  /** Tensor names by the name of the variable in the program. */
  readonly byVariable: ReadonlyMap<string, string>;
  readonly findings: readonly Finding[];
  readonly files: readonly { readonly name: string; readonly sizeBytes: number }[];
  close(): Promise<void>;
}

const OBJECT_GRAPH = '_CHECKPOINTABLE_OBJECT_GRAPH';
const SUFFIX = '/.ATTRIBUTES/VARIABLE_VALUE';
/** Slots of TensorFlow 1 optimizers, which stand beside their variable: `dense/kernel/Adam_1`. */
const SLOT =
  /\/(?:Adam(?:_1)?|Momentum|RMSProp(?:_1)?|Adagrad|Adadelta(?:_1)?|Ftrl(?:_1)?|LAMB(?:_1)?|adam_[mv])$|^(?:beta[12]_power|global_step)$|\/\.OPTIMIZER_SLOT\//;

/** Opens the data shards of an index and describes its tensors. `source` is the index; it is closed with the bundle. */
export async function openBundle(source: ByteSource, signal?: AbortSignal): Promise<Bundle> {
  const index = await readBundleIndex(source, signal);
  const shards = await openShards(source, index, signal);
  try {
    const findings: Finding[] = [];
    for (const [number, shard] of shards) {
      if ('fault' in shard) {
        findings.push({
          code: 'checkpoint/shard-missing',
          severity: 'error',
          file: source.name,
          message: `Shard ${number} cannot be read: ${shard.fault.message}`,
        });
      }
    }
    const known = await knownVariables(index, shards, findings, source.name, signal);
    const entries: TensorEntry[] = [];
    const byVariable = new Map<string, string>();
    const byPlace = new Map<string, string>();
    for (const entry of index.entries.values()) {
      if (entry.key.startsWith('\0')) continue;
      const described = describe(entry, index, shards, source.name, known.get(entry.key), byPlace);
      entries.push(described);
      const variable = known.get(entry.key)?.fullName ?? entry.key;
      if (!byVariable.has(variable)) byVariable.set(variable, described.name);
    }
    return {
      entries,
      byVariable,
      findings,
      files: [
        { name: source.name, sizeBytes: source.sizeBytes },
        ...[...shards.values()].flatMap((shard) =>
          'source' in shard ? [{ name: shard.source.name, sizeBytes: shard.source.sizeBytes }] : [],
        ),
      ],
      async close() {
        await closeAll(shards);
        await source.close();
      },
    };
  } catch (error) {
    await closeAll(shards);
    throw error;
  }
}

type Shards = ReadonlyMap<number, { readonly source: ByteSource } | { readonly fault: Fault }>;

async function closeAll(shards: Shards): Promise<void> {
  for (const shard of shards.values()) if ('source' in shard) await shard.source.close();
}

/** Opens the shards that hold something. Their names follow from that of the index. */
async function openShards(
  source: ByteSource,
  { header, entries }: BundleIndex,
  signal: AbortSignal | undefined,
): Promise<Shards> {
  const shards = new Map<number, { source: ByteSource } | { fault: Fault }>();
  const prefix = source.name.replace(/\.index$/, '');
  for (const { shard, size } of entries.values()) {
    if (shards.has(shard) || size === 0) continue;
    signal?.throwIfAborted();
    const opened = await source.sibling(shardName(prefix, shard, header.shards));
    shards.set(shard, opened.ok ? { source: opened.value } : { fault: opened.fault });
  }
  return shards;
}

const digits = (value: number): string => String(value).padStart(5, '0');
export const shardName = (prefix: string, shard: number, count: number): string =>
  `${prefix}.data-${digits(shard)}-of-${digits(count)}`;

function describe(
  entry: BundleEntry,
  index: BundleIndex,
  shards: Shards,
  file: string,
  variable: KnownVariable | undefined,
  byPlace: Map<string, string>,
): TensorEntry {
  const name = entry.key.endsWith(SUFFIX) ? entry.key.slice(0, -SUFFIX.length) : entry.key;
  const optimizer = variable?.optimizer === true || SLOT.test(entry.key);
  const role = entry.type.logical === 'STRING' ? 'text' : optimizer ? 'optimizer' : undefined;
  const data = dataOf(entry, name, index, shards, file);
  const place = data.kind === 'raw' ? `${entry.shard}:${entry.offset}:${entry.size}` : null;
  const same = place === null ? undefined : byPlace.get(place);
  if (place !== null && same === undefined) byPlace.set(place, name);
  const sliceBytes = entry.slices.reduce(
    (sum, slice) => sum + (index.entries.get(sliceKey(latin1(entry.key), slice))?.size ?? 0),
    0,
  );
  return {
    name,
    dtype: entry.type.logical,
    storage: entry.slices.length > 0 ? `${entry.type.name} in ${entry.slices.length} slices` : entry.type.name,
    shape: entry.shape,
    elements: entry.elements,
    bytes: entry.slices.length > 0 ? sliceBytes : entry.size,
    data,
    ...(role === undefined ? {} : { roleHint: role }),
    ...(same === undefined ? {} : { sharesStorageWith: same }),
  };
}

function dataOf(entry: BundleEntry, name: string, index: BundleIndex, shards: Shards, file: string): TensorData {
  if (entry.elements === 0) return { kind: 'none', why: 'empty' };
  if (entry.type.logical === 'STRING') return { kind: 'none', why: 'text' };
  if (entry.type.stored === null) return { kind: 'none', why: 'unsupported' };
  try {
    if (entry.slices.length > 0) return slicedData(entry, name, index, shards, file);
    const { source, begin } = bytesOf(entry, name, shards, file);
    if (!index.header.bigEndian) return { kind: 'raw', dtype: entry.type.stored, source, begin };
    const strides = stridesOf(entry.shape);
    return stridedData({ source, dtype: entry.type.stored, shape: entry.shape, strides, begin, bigEndian: true });
  } catch (error) {
    if (!(error instanceof FaultError)) throw error;
    return { kind: 'none', why: 'unreadable', fault: error.fault };
  }
}

/** Where an entry's bytes are, its size and place checked. */
function bytesOf(
  entry: BundleEntry,
  name: string,
  shards: Shards,
  file: string,
): { source: ByteSource; begin: number } {
  const needed = byteLength(entry.type.stored!, entry.elements);
  if (entry.size !== needed) {
    raise({
      code: 'checkpoint/size-mismatch',
      file,
      expected: needed,
      found: entry.size,
      message: `The tensor ${brief(name)} needs ${needed} bytes, the index gives it ${entry.size}.`,
    });
  }
  const shard = shards.get(entry.shard);
  if (shard === undefined || 'fault' in shard) {
    raise(
      shard?.fault ?? {
        code: 'checkpoint/shard-missing',
        file,
        message: `The shard of the tensor ${brief(name)} is missing.`,
      },
    );
  }
  if (entry.offset + needed > shard.source.sizeBytes) {
    raise({
      code: 'checkpoint/truncated',
      file: shard.source.name,
      offset: entry.offset,
      expected: entry.offset + needed,
      found: shard.source.sizeBytes,
      message: `The file ends at ${shard.source.sizeBytes}, the tensor ${brief(name)} needs ${needed} bytes at ${entry.offset}.`,
      hint: 'It may be an unfinished download.',
    });
  }
  return { source: shard.source, begin: entry.offset };
}

function slicedData(entry: BundleEntry, name: string, index: BundleIndex, shards: Shards, file: string): TensorData {
  if (index.header.bigEndian) return { kind: 'none', why: 'unsupported' };
  const parts: Part[] = entry.slices.map((slice) => {
    const stored = index.entries.get(sliceKey(latin1(entry.key), slice));
    if (stored === undefined || stored.type.stored !== entry.type.stored) {
      raise({ code: 'checkpoint/header-malformed', file, message: `A slice of ${brief(name)} is not in the index.` });
    }
    const shape = slice.map(({ start, length }, axis) => (length === -1 ? (entry.shape[axis] ?? 0) - start : length));
    if (shape.length !== stored.shape.length || shape.some((length, axis) => length !== stored.shape[axis])) {
      raise({
        code: 'checkpoint/header-malformed',
        file,
        message: `A slice of ${brief(name)} has another shape than its extent.`,
      });
    }
    return { start: slice.map(({ start }) => start), shape, ...bytesOf(stored, name, shards, file) };
  });
  checkParts(name, file, entry.shape, parts);
  return partitionedData(entry.shape, entry.type.stored!, parts);
}

/** The key as it stands in the table. */
function latin1(text: string): string {
  let out = '';
  for (const byte of new TextEncoder().encode(text)) out += String.fromCharCode(byte);
  return out;
}

/** An object graph of a model with a hundred thousand variables takes some ten megabytes. */
const MAX_GRAPH_BYTES = 256 * 1024 * 1024;

async function knownVariables(
  index: BundleIndex,
  shards: Shards,
  findings: Finding[],
  file: string,
  signal: AbortSignal | undefined,
): Promise<Map<string, KnownVariable>> {
  const entry = index.entries.get(OBJECT_GRAPH);
  const shard = entry === undefined ? undefined : shards.get(entry.shard);
  if (entry === undefined || shard === undefined || 'fault' in shard) return new Map();
  try {
    if (entry.size > MAX_GRAPH_BYTES || entry.offset + entry.size > shard.source.sizeBytes) {
      raise({
        code: 'checkpoint/truncated',
        file: shard.source.name,
        offset: entry.offset,
        message: 'The object graph runs past the end of its shard.',
      });
    }
    const bytes = await shard.source.read(entry.offset, entry.size, signal);
    return await readObjectGraph(spanOfBytes(shard.source.name, textElement(bytes)), signal);
  } catch (error) {
    if (!(error instanceof FaultError)) throw error;
    findings.push({
      code: 'checkpoint/object-graph-unreadable',
      severity: 'warning',
      file: error.fault.file ?? file,
      message: `The object graph cannot be read, so variables have only their keys: ${error.fault.message}`,
    });
    return new Map();
  }
}

/** One text as a bundle stores it: its length as a varint, a checksum of the lengths, the bytes. */
function textElement(bytes: Uint8Array): Uint8Array {
  let at = 0;
  while (at < bytes.length && bytes[at]! >= 128) at++;
  return bytes.subarray(Math.min(bytes.length, at + 1 + 4));
}
