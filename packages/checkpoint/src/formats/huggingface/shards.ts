import { attempt, type Fault, type Result, raise } from '@espalier/base';
import type { ByteSource } from '@espalier/tensor';
import type { Checkpoint, Finding, OpenOptions, TensorEntry } from '../../checkpoint.js';
import { isRecord, own, readJson } from '../../json.js';
import { raiseIfPointer } from '../../pointer.js';
import { looksLikeZip } from '../../zip/zip.js';
import { openPytorch } from '../pytorch/format.js';
import { looksLegacy } from '../pytorch/legacy.js';
import { openSafetensors } from '../safetensors/format.js';

/** The index of a model of a trillion parameters has some 90 000 tensors and 10 MB. */
const MAX_INDEX_BYTES = 128 * 1024 * 1024;
const MAX_SHARDS = 10_000;
/** Shards opened at the same time. */
const CONCURRENT = 16;

/** An index: which tensor is in which file. */
export interface ShardIndex {
  /** Tensor names by file, files in the order of their names; null where nothing says what a file should hold. */
  readonly shards: ReadonlyMap<string, readonly string[] | null>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Reads `*.index.json`. Faults: `checkpoint/header-not-json`, `checkpoint/header-malformed`, `checkpoint/header-too-long`. */
export async function readIndex(source: ByteSource, signal?: AbortSignal): Promise<ShardIndex> {
  const json = await readJson(source, MAX_INDEX_BYTES, signal);
  const map = isRecord(json) ? own(json, 'weight_map') : undefined;
  const malformed = (what: string): never =>
    raise({ code: 'checkpoint/header-malformed', file: source.name, offset: 0, message: `The index ${what}.` });
  if (!isRecord(map)) return malformed('has no weight_map');
  const shards = new Map<string, string[]>();
  for (const [tensor, file] of Object.entries(map)) {
    if (typeof file !== 'string') return malformed(`names no file for ${tensor}`);
    const names = shards.get(file);
    if (names === undefined) shards.set(file, [tensor]);
    else names.push(tensor);
  }
  if (shards.size > MAX_SHARDS) return malformed(`names ${shards.size} files, at most ${MAX_SHARDS} are opened`);
  const ordered = new Map([...shards].sort(([a], [b]) => (a < b ? -1 : 1)));
  return { shards: ordered, metadata: metadataOf(own(json as Record<string, unknown>, 'metadata')) };
}

function metadataOf(value: unknown): Record<string, string> {
  if (!isRecord(value)) return {};
  const short = Object.entries(value).filter(([, item]) => ['string', 'number', 'boolean'].includes(typeof item));
  return Object.fromEntries(short.slice(0, 50).map(([key, item]) => [key, String(item).slice(0, 200)]));
}

/** An index for shards that have none: their names tell how many there should be. */
export const impliedIndex = (files: readonly string[]): ShardIndex => ({
  shards: new Map(files.map((file) => [file, null])),
  metadata: {},
});

/**
 * All shards of an index as one checkpoint. A shard that is missing or broken becomes a finding and the others stay usable; when none can be
 * opened, its fault is raised. `source` is the index and is closed with the checkpoint.
 */
export async function openShards(source: ByteSource, options: OpenOptions, implied?: ShardIndex): Promise<Checkpoint> {
  const index = implied ?? (await readIndex(source, options.signal));
  const files = [...index.shards.keys()];
  const opened: Result<Checkpoint, Fault>[] = [];
  try {
    for (let at = 0; at < files.length; at += CONCURRENT) {
      const some = files.slice(at, at + CONCURRENT);
      opened.push(...(await Promise.all(some.map((file) => openShard(source, file, options)))));
    }
  } catch (error) {
    await closeAll(opened);
    throw error;
  }
  const whole = opened.filter((shard) => shard.ok).map((shard) => shard.value);
  const failed = opened.find((shard) => !shard.ok);
  if (whole.length === 0 && failed !== undefined && !failed.ok) raise(failed.fault);

  const merged = mergeTensors(whole);
  const kind = files[0]?.endsWith('.safetensors') ? 'safetensors' : 'pytorch';
  return {
    format: `${kind}-sharded`,
    formatLabel: `${kind === 'pytorch' ? 'PyTorch' : 'safetensors'} (${files.length} shards)`,
    tensors: merged,
    metadata: { ...whole[0]?.metadata, ...index.metadata },
    findings: [
      ...whole.flatMap((shard) => shard.findings),
      ...missingFindings(files, opened, implied !== undefined),
      ...differences(index, files, opened),
    ],
    files: [{ name: source.name, sizeBytes: source.sizeBytes }, ...whole.flatMap((shard) => shard.files)],
    async close() {
      await closeAll(opened);
      await source.close();
    },
  };
}

/** A file beside the index or configuration, opened by what its first bytes say. Each tensor as it is stored. */
export async function openShard(
  beside: ByteSource,
  file: string,
  options: OpenOptions,
): Promise<Result<Checkpoint, Fault>> {
  const found = await beside.sibling(file);
  if (!found.ok) return found;
  const source = found.value;
  let keep = false;
  try {
    const result = await attempt(async () => {
      const head = await source.read(0, Math.min(1024, source.sizeBytes), options.signal);
      raiseIfPointer(head, source.name);
      return looksLikeZip(head) || looksLegacy(head)
        ? await openPytorch(source, options)
        : await openSafetensors(source, options);
    });
    keep = result.ok;
    return result;
  } finally {
    if (!keep) await source.close();
  }
}

async function closeAll(opened: readonly Result<Checkpoint, Fault>[]): Promise<void> {
  await Promise.all(opened.map((shard) => (shard.ok ? shard.value.close() : undefined)));
}

/** A name that two shards hold counts once: the first one wins, as it does when they are loaded. */
function mergeTensors(shards: readonly Checkpoint[]): TensorEntry[] {
  const byName = new Map<string, TensorEntry>();
  for (const shard of shards) {
    for (const tensor of shard.tensors) if (!byName.has(tensor.name)) byName.set(tensor.name, tensor);
  }
  return [...byName.values()];
}

function missingFindings(
  files: readonly string[],
  opened: readonly Result<Checkpoint, Fault>[],
  implied: boolean,
): Finding[] {
  const findings: Finding[] = [];
  const missing = files.filter(
    (_, at) => !opened[at]!.ok && (opened[at] as { fault: Fault }).fault.code === 'path/not-found',
  );
  if (missing.length > 0) {
    const others = missing.length === 1 ? 'is missing' : `and ${missing.length - 1} more are missing`;
    findings.push({
      code: 'checkpoint/shards-differ',
      severity: 'warning',
      message: `${implied ? 'Of' : 'The index names'} ${files.length} shards, ${missing[0]} ${others}.`,
      file: missing[0]!,
    });
  }
  for (const [at, shard] of opened.entries()) {
    if (shard.ok || shard.fault.code === 'path/not-found') continue;
    const { code, message, offset } = shard.fault;
    findings.push({
      code,
      severity: 'error',
      message: `Shard ${files[at]}: ${message}`,
      file: files[at]!,
      ...(offset === undefined ? {} : { offset }),
    });
  }
  return findings;
}

/** What the index says of the shards that could be opened, against what they hold. */
function differences(
  index: ShardIndex,
  files: readonly string[],
  opened: readonly Result<Checkpoint, Fault>[],
): Finding[] {
  const absent: string[] = [];
  const extra: string[] = [];
  for (const [at, shard] of opened.entries()) {
    if (!shard.ok) continue;
    const names = index.shards.get(files[at]!);
    if (names === null) continue;
    const promised = new Set(names);
    const held = new Set(shard.value.tensors.map((tensor) => tensor.name));
    for (const name of promised) if (!held.has(name)) absent.push(`${name} in ${files[at]}`);
    for (const name of held) if (!promised.has(name)) extra.push(`${name} in ${files[at]}`);
  }
  const say = (what: string, names: readonly string[]): Finding[] =>
    names.length === 0
      ? []
      : [
          {
            code: 'checkpoint/shards-differ',
            severity: 'warning',
            message: `${what} ${names[0]}${names.length > 1 ? ` and ${names.length - 1} more` : ''}.`,
          },
        ];
  return [...say('The index promises, but there is not:', absent), ...say('The index does not mention:', extra)];
}
