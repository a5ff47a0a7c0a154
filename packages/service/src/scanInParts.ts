import { beginScan, type StatsOptions, type TensorHead, type TensorStats } from '@espalier/analysis';
import type { TensorEntry } from '@espalier/checkpoint';
import type { Answer } from '@espalier/protocol';
import type { Priority, Runner } from './tasks.js';

/** A tensor of at least this many bytes is read by all threads at once. */
export const SPLIT_BYTES = 128 * 1024 * 1024;
/** Each part is about this long, so that a cancel or a more urgent task waits for little. */
const PART_BYTES = 64 * 1024 * 1024;
/** A tensor is read about this often: once for what it holds, once for its order. Only progress relies on it. */
const USUAL_READS = 2;

/** Reads one large tensor on every thread of the runner: the same dialogue as on one thread, each question answered in parts. */
export async function scanInParts(
  runner: Runner,
  path: string,
  head: TensorHead,
  options: StatsOptions,
  signal: AbortSignal,
  priority: Priority,
  onShare: (share: number) => void,
): Promise<Answer<TensorStats>> {
  const shell = await runner.run('shell', { path, tensor: head.name }, { signal }, priority);
  if (!shell.ok) return shell;
  // Planning a scan asks only what the data is; whoever answers a question has the entry that can read it.
  const scan = beginScan(shell.value as TensorEntry, head, options);
  for (let reads = 0; scan.question !== null; reads++) {
    const { question } = scan;
    const parts = scan.ranges(runner.width * Math.max(1, Math.ceil(head.bytes / runner.width / PART_BYTES)));
    let done = 0;
    let failed: Answer<TensorStats> | null = null;
    // Answers are added as they come: together they would take as much memory as there are parts.
    await Promise.all(
      parts.map(async (ranges) => {
        const answer = await runner.run('part', { path, tensor: head.name, question, ranges }, { signal }, priority);
        if (answer.ok) scan.add(answer.value);
        else failed ??= answer;
        onShare(Math.min(0.99, (reads + ++done / parts.length) / USUAL_READS));
      }),
    );
    if (failed !== null) return failed;
    scan.advance();
  }
  return { ok: true, value: scan.finish() };
}
