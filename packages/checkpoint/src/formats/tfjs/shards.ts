import type { Fault } from '@espalier/base';
import type { ByteSource } from '@espalier/tensor';
import type { Finding } from '../../checkpoint.js';
import { brief } from '../../names.js';
import { spannedSource } from '../../spanned.js';

/** A shard that the manifest names: open, or the reason why not. */
export type Shard =
  | { readonly name: string; readonly source: ByteSource }
  | { readonly name: string; readonly fault: Fault };

/**
 * The bytes of a weight group. When shards are missing, the offsets of the weights are known from both ends:
 * `head` is what lies before the first gap, `tail` what lies behind the last.
 */
export interface GroupBytes {
  readonly head: ByteSource;
  readonly tail: ByteSource | null;
  /** Why bytes outside of `head` and `tail` cannot be read. null: there is no gap. */
  readonly gap: Fault | null;
}

/** Opens every file once, however many groups name it. */
export async function openShards(
  json: ByteSource,
  paths: Iterable<string>,
  signal?: AbortSignal,
): Promise<Map<string, Shard>> {
  const shards = new Map<string, Shard>();
  for (const name of paths) {
    if (shards.has(name)) continue;
    signal?.throwIfAborted();
    const opened = await json.sibling(name);
    shards.set(name, opened.ok ? { name, source: opened.value } : { name, fault: opened.fault });
  }
  return shards;
}

/** One finding for each shard that could not be opened. */
export function shardFindings(shards: Iterable<Shard>, file: string): Finding[] {
  const findings: Finding[] = [];
  for (const shard of shards) {
    if (!('fault' in shard)) continue;
    const outside = shard.fault.code === 'path/outside-folder';
    findings.push({
      code: outside ? 'path/outside-folder' : 'checkpoint/shard-missing',
      severity: 'error',
      file,
      message: `The shard ${JSON.stringify(brief(shard.name))} cannot be read: ${shard.fault.message}`,
    });
  }
  return findings;
}

/**
 * Joins the shards of one group. `neededBytes` is the sum over its weights, or null where texts make it unknown.
 * A shard in the middle that is shorter than the others while bytes are missing counts as a gap as well:
 * writers fill every shard but the last to the same size.
 */
export function joinShards(name: string, shards: readonly Shard[], neededBytes: number | null): GroupBytes {
  const opened = shards.map((shard) => ('source' in shard ? shard.source : null));
  const firstGap = opened.indexOf(null);
  if (firstGap >= 0) {
    const lastGap = opened.lastIndexOf(null);
    const behind = present(opened.slice(lastGap + 1));
    return {
      head: span(name, present(opened.slice(0, firstGap))),
      tail: behind.length > 0 ? span(name, behind) : null,
      gap: (shards[firstGap] as { fault: Fault }).fault,
    };
  }
  const all = present(opened);
  const available = all.reduce((sum, source) => sum + source.sizeBytes, 0);
  if (neededBytes === null || available >= neededBytes) return { head: span(name, all), tail: null, gap: null };
  const short = shortShard(all);
  const last = short ?? all.length - 1;
  return {
    head: span(name, all.slice(0, last + 1)),
    tail: last + 1 < all.length ? span(name, all.slice(last + 1)) : null,
    gap: {
      code: 'checkpoint/truncated',
      file: all[last]?.name ?? name,
      offset: all[last]?.sizeBytes ?? 0,
      expected: neededBytes,
      found: available,
      message: `The shards of the group hold ${available} bytes, its weights need ${neededBytes}.`,
      hint: 'It may be an unfinished download.',
    },
  };
}

/** Index of the one shard before the last that is shorter than the first full ones. */
function shortShard(sources: readonly ByteSource[]): number | null {
  if (sources.length < 2) return null;
  const full = Math.max(...sources.slice(0, -1).map((source) => source.sizeBytes));
  const short = sources.slice(0, -1).flatMap((source, index) => (source.sizeBytes < full ? [index] : []));
  return short.length === 1 ? short[0]! : null;
}

const present = (sources: readonly (ByteSource | null)[]): ByteSource[] => sources.filter((source) => source !== null);

const span = (name: string, sources: readonly ByteSource[]): ByteSource =>
  sources.length === 1 ? sources[0]! : spannedSource(name, sources);
