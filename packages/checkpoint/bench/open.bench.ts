import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openCheckpoint } from '@espalier/checkpoint';
import { fileSource, type Picklable, type ReadLog, tensorRef, torchZip } from '@espalier/testkit';

/** One line of the table: how long it takes until every tensor of a checkpoint is listed. */
export interface OpenResult {
  readonly name: string;
  readonly medianMs: number;
  readonly minMs: number;
  readonly maxMs: number;
  /** What was promised. */
  readonly limitMs: number;
  readonly tensors: number;
  readonly fileBytes: number;
  readonly bytesRead: number;
}

const TENSORS = 300;
const SHARDS = 500;
const GB = 1e9;

/** Measures opening, with files that are sparse on disk: their holes are never read. Each file is opened once before it is measured. */
export async function run(repetitions = 15): Promise<OpenResult[]> {
  const folder = await mkdtemp(join(tmpdir(), 'espalier-open-'));
  try {
    const large = await writeSparse(join(folder, 'large.safetensors'), names(0, TENSORS), 10 * GB);
    const huge = await writeSparse(join(folder, 'huge.safetensors'), names(0, TENSORS), 20 * GB);
    const index = await writeShards(folder);
    const torch = await writeTorch(join(folder, 'state.pt'));
    return [
      await measure('safetensors, 10 GB, 300 tensors', large, 100, repetitions),
      await measure('safetensors, 20 GB, 300 tensors', huge, 100, repetitions),
      await measure('index of 500 safetensors shards', index, 1000, repetitions),
      await measure('PyTorch zip, 300 tensors', torch, 100, repetitions),
    ];
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function measure(name: string, path: string, limitMs: number, repetitions: number): Promise<OpenResult> {
  const times: number[] = [];
  let tensors = 0;
  let fileBytes = 0;
  let log: ReadLog = { reads: 0, bytes: 0 };
  for (let i = 0; i <= repetitions; i++) {
    log = { reads: 0, bytes: 0 };
    const began = performance.now();
    const opened = await openCheckpoint(await fileSource(path, log));
    if (!opened.ok) throw new Error(opened.fault.message);
    if (i > 0) times.push(performance.now() - began);
    tensors = opened.value.tensors.length;
    fileBytes = opened.value.files.reduce((sum, file) => sum + file.sizeBytes, 0);
    await opened.value.close();
  }
  times.sort((a, b) => a - b);
  const medianMs = times[Math.floor(times.length / 2)]!;
  return { name, medianMs, minMs: times[0]!, maxMs: times.at(-1)!, limitMs, tensors, fileBytes, bytesRead: log.bytes };
}

const names = (from: number, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `model.layers.${from + i}.self_attn.q_proj.weight`);

/** A safetensors file with a true header and a hole in place of the values. */
async function writeSparse(path: string, tensors: readonly string[], bytes: number): Promise<string> {
  const rows = Math.floor(bytes / tensors.length / 4 / 1024);
  const each = rows * 1024 * 4;
  const header = Object.fromEntries(
    tensors.map((name, i) => [name, { dtype: 'F32', shape: [rows, 1024], data_offsets: [i * each, (i + 1) * each] }]),
  );
  const text = new TextEncoder().encode(JSON.stringify(header));
  const length = new Uint8Array(BigUint64Array.of(BigInt(text.length)).buffer);
  const file = await open(path, 'w');
  await file.write(length);
  await file.write(text);
  await file.truncate(8 + text.length + tensors.length * each);
  await file.close();
  return path;
}

async function writeShards(folder: string): Promise<string> {
  const map: Record<string, string> = {};
  for (let shard = 0; shard < SHARDS; shard++) {
    const file = `model-${String(shard + 1).padStart(5, '0')}-of-${String(SHARDS).padStart(5, '0')}.safetensors`;
    const tensors = names(shard * 20, 20);
    await writeSparse(join(folder, file), tensors, 2 * GB);
    for (const name of tensors) map[name] = file;
  }
  const path = join(folder, 'model.safetensors.index.json');
  await writeFile(path, JSON.stringify({ metadata: { total_size: SHARDS * 2 * GB }, weight_map: map }));
  return path;
}

async function writeTorch(path: string): Promise<string> {
  const bytes = new Uint8Array(64 * 1024);
  const elements = bytes.length / 4;
  const storages = names(0, TENSORS).map((_, i) => ({ key: String(i), type: 'FloatStorage', bytes, elements }));
  const state = new Map<Picklable, Picklable>(
    names(0, TENSORS).map((name, i) => [name, tensorRef(storages[i]!, [elements / 64, 64], [64, 1])]),
  );
  await writeFile(path, torchZip(state, storages));
  return path;
}
