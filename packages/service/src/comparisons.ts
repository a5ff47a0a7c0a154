import { type FileHead, pairsOf, type StructureDiff, structureDiff, type ValueDiff } from '@espalier/analysis';
import type { Answer, CompareQuery, CompareTotals } from '@espalier/protocol';
import type { FileFacts } from './fileFacts.js';
import type { Service } from './service.js';
import type { Runner, TensorPair } from './tasks.js';

export interface CompareHeads {
  readonly before: FileHead;
  readonly after: FileHead;
  readonly structure: StructureDiff;
}

export interface CompareEnd {
  readonly structure: StructureDiff;
  readonly totals: CompareTotals;
  readonly identical: boolean;
}

/** Pairs are sent to the workers in groups of about this many bytes. */
const BATCH_BYTES = 16 * 1024 * 1024;

interface Ports {
  readonly runner: Runner;
  current(path: string, signal: AbortSignal): Promise<Answer<FileFacts>>;
  readonly scan: Service['scan'];
  now(): number;
}

/** Two checkpoints: first what differs in structure, then value by value. */
export function createComparisons({ runner, current, scan, now }: Ports): {
  heads: Service['compareHeads'];
  values: Service['compare'];
} {
  async function both(
    { before, after }: CompareQuery,
    signal: AbortSignal,
  ): Promise<Answer<{ before: FileFacts; after: FileFacts }>> {
    const [a, b] = await Promise.all([current(before, signal), current(after, signal)]);
    if (!a.ok) return a;
    if (!b.ok) return b;
    return { ok: true, value: { before: a.value, after: b.value } };
  }

  return {
    async heads(query, signal) {
      const pair = await both(query, signal);
      if (!pair.ok) return pair;
      const { before, after } = pair.value;
      return {
        ok: true,
        value: {
          before: before.head,
          after: after.head,
          structure: structureDiff(before.head.tensors, after.head.tensors),
        },
      };
    },

    async values(query, signal, onItem) {
      const started = await both(query, signal);
      if (!started.ok) return started;
      // Digests of both scans prove renames, and give the sparsity of tensors that only one file has.
      for (const path of [query.before, query.after]) {
        const end = await scan({ path, full: true }, 'soon', signal, () => {});
        if (!end.ok) return end;
      }
      const scanned = await both(query, signal);
      if (!scanned.ok) return scanned;
      const { before, after } = scanned.value;
      const structure = structureDiff(before.head.tensors, after.head.tensors, {
        before: digests(before),
        after: digests(after),
      });
      const pairs = comparable(before, after, structure);
      const bytes = pairs.reduce((sum, pair) => sum + pair.bytes, 0);
      const diffs: ValueDiff[] = [];
      let doneBytes = 0;
      const startMs = now();
      const queue = [...pairs];
      const took = (diff: ValueDiff): void => {
        diffs.push(diff);
        doneBytes += pairs.find((pair) => pair.after === diff.name)?.bytes ?? 0;
        const share = doneBytes / Math.max(1, bytes);
        onItem({ kind: 'values', values: [diff] });
        onItem({
          kind: 'progress',
          doneTensors: diffs.length,
          tensors: pairs.length,
          doneBytes,
          bytes,
          msLeft: share > 0.02 ? ((now() - startMs) * (1 - share)) / share : null,
        });
      };
      async function lane(): Promise<Answer<null>> {
        while (queue.length > 0) {
          const batch: TensorPair[] = [];
          let size = 0;
          while (queue.length > 0 && (batch.length === 0 || size + queue[0]!.bytes <= BATCH_BYTES)) {
            const pair = queue.shift()!;
            batch.push({ before: pair.before, after: pair.after });
            size += pair.bytes;
          }
          const answer = await runner.run('diff', { ...query, pairs: batch }, { signal, onItem: took }, 'soon');
          if (!answer.ok) return answer;
        }
        return { ok: true, value: null };
      }
      const lanes = await Promise.all(Array.from({ length: runner.width }, lane));
      for (const answer of lanes) if (!answer.ok) return answer;
      const totals = totalsOfDiffs(diffs, before, after);
      const nothing =
        structure.added.length +
          structure.removed.length +
          structure.renamed.length +
          structure.reshaped.length +
          structure.retyped.length ===
        0;
      return { ok: true, value: { structure, totals, identical: nothing && totals.changed === 0 } };
    },
  };
}

const digests = (facts: FileFacts): ReadonlyMap<string, string> => {
  const found = new Map<string, string>();
  for (const [name, { stats }] of facts.facts) if (stats?.digest) found.set(name, stats.digest);
  return found;
};

/** Tensors that stand on both sides with numbers to compare: by name, or by rename. */
const comparable = (
  before: FileFacts,
  after: FileFacts,
  structure: StructureDiff,
): (TensorPair & { bytes: number })[] =>
  pairsOf(before.head.tensors, after.head.tensors, structure.renamed)
    .filter(([a, b]) => a.noValues === undefined && b.noValues === undefined)
    .map(([a, b]) => ({ before: a.name, after: b.name, bytes: a.bytes + b.bytes }));

function totalsOfDiffs(diffs: readonly ValueDiff[], before: FileFacts, after: FileFacts): CompareTotals {
  const sum = (read: (diff: ValueDiff) => number): number => diffs.reduce((total, diff) => total + read(diff), 0);
  return {
    elements: sum((diff) => diff.elements),
    changed: sum((diff) => diff.changed),
    maskChanged: sum((diff) => diff.maskChanged),
    maxAbsDelta: diffs.reduce((largest, diff) => Math.max(largest, diff.maxAbsDelta), 0),
    l2Delta: Math.sqrt(sum((diff) => diff.l2Delta ** 2)),
    sparsityBefore: before.totals.sparsity,
    sparsityAfter: after.totals.sparsity,
    prunableSparsityBefore: before.totals.prunableSparsity,
    prunableSparsityAfter: after.totals.prunableSparsity,
  };
}
