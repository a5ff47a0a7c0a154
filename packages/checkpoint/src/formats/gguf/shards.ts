import { FaultError } from '@espalier/base';
import type { ByteSource } from '@espalier/tensor';
import type { Finding } from '../../checkpoint.js';
import { type GgufHeader, readHeader } from './header.js';

/** One file of a model and what its header says. */
export interface Shard {
  readonly source: ByteSource;
  readonly header: GgufHeader;
}

/** More files than this are no model that anyone has split. */
const MAX_SHARDS = 10_000;

/**
 * The other files of a split model, in order: `model-00001-of-00003.gguf` and its siblings (llama.cpp, gguf-split). Files that are missing or broken are findings; the tensors
 * of the others are read. A file that is not split is its own only shard.
 */
export async function openShards(
  own: Shard,
  signal: AbortSignal | undefined,
): Promise<{ shards: Shard[]; findings: Finding[] }> {
  const findings: Finding[] = [];
  const count = numberOf(own.header, 'split.count') ?? 1;
  const named = /^(.*)-(\d{5})-of-(\d{5})\.gguf$/i.exec(own.source.name);
  if (count <= 1 || count > MAX_SHARDS || named === null || Number(named[3]) !== count)
    return { shards: [own], findings };
  const shards: Shard[] = [];
  try {
    for (let index = 1; index <= count; index++) {
      const name = `${named[1]}-${String(index).padStart(5, '0')}-of-${named[3]}.gguf`;
      const shard = name === own.source.name ? own : await openShard(name, own.source, findings, signal);
      if (shard !== null) shards.push(shard);
    }
  } catch (error) {
    for (const shard of shards) if (shard !== own) await shard.source.close();
    throw error;
  }
  const stated = numberOf(own.header, 'split.tensors.count');
  const found = shards.reduce((sum, { header }) => sum + header.tensors.length, 0);
  if (stated !== null && stated !== found && shards.length === count) {
    findings.push({
      code: 'checkpoint/shard-mismatch',
      severity: 'warning',
      message: `The model should have ${stated} tensors, its ${count} files have ${found}.`,
      file: own.source.name,
    });
  }
  return { shards, findings };
}

async function openShard(
  name: string,
  beside: ByteSource,
  findings: Finding[],
  signal: AbortSignal | undefined,
): Promise<Shard | null> {
  const file = await beside.sibling(name);
  if (!file.ok) {
    findings.push({
      code: 'checkpoint/shard-missing',
      severity: 'error',
      message: `${file.fault.message} Its tensors are not listed.`,
      file: name,
    });
    return null;
  }
  try {
    return { source: file.value, header: await readHeader(file.value, signal) };
  } catch (error) {
    await file.value.close();
    if (!(error instanceof FaultError)) throw error;
    findings.push({ code: error.fault.code, severity: 'error', message: error.fault.message, file: name });
    return null;
  }
}

function numberOf(header: GgufHeader, key: string): number | null {
  const value = header.metadata.get(key);
  return value?.kind === 'number' ? Number(value.value) : null;
}
