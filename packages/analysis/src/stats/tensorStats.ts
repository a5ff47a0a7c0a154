import { attempt, type Fault, fail, type Result, raise, type Work } from '@espalier/base';
import type { TensorEntry } from '@espalier/checkpoint';
import type { TensorHead } from '@espalier/model';
import type { TensorStats } from '../facts.js';
import { gzipSize } from '../gzip.js';
import { answerQuestion } from './answer.js';
import { emptyStats } from './emptyStats.js';
import { modeOf } from './mode.js';
import type { StatsOptions } from './options.js';
import { TensorReader } from './reader.js';
import { beginScan } from './scan.js';

/**
 * Everything the values of a tensor tell, read in windows of 4 MB; memory stays small whatever the size. Faults: those of the source, and
 * `tensor/no-values` for texts and bytes that nobody decodes. A cancel flies as the signal's reason.
 */
export async function tensorStats(
  entry: TensorEntry,
  head: TensorHead,
  options: StatsOptions | undefined,
  work: Work,
): Promise<Result<TensorStats, Fault>> {
  const { data } = entry;
  if (data.kind === 'none' && data.why !== 'empty') return fail(noValues(entry));
  return attempt(async () => {
    work.signal.throwIfAborted();
    if (data.kind === 'none' || entry.elements === 0) return emptyStats(entry, head);
    const scan = beginScan(entry, head, options);
    const reader = new TensorReader(entry, modeOf(entry));
    try {
      while (scan.question !== null) {
        scan.take([await answerQuestion(entry, head, scan.question, scan.ranges(1).flat(), work, reader)]);
      }
    } finally {
      reader.release();
    }
    const stats = scan.finish();
    if (options?.gzip !== true) return stats;
    const gzip = await gzipSize(entry, work);
    if (!gzip.ok) raise(gzip.fault);
    return { ...stats, sizes: { ...stats.sizes, gzip: gzip.value } };
  });
}

const REASONS: Readonly<Record<string, string>> = {
  empty: 'It has no elements.',
  text: 'It holds text, not numbers.',
  unreadable: 'Its bytes are missing.',
  unsupported: 'Its encoding is not understood.',
  meta: 'It was saved without values.',
};

/** Why a tensor has no values. */
export function noValues({ name, data }: TensorEntry): Fault {
  if (data.kind !== 'none') return { code: 'tensor/no-values', message: `${name} has no values to read.` };
  const reason = REASONS[data.why] ?? '';
  return data.fault ?? { code: 'tensor/no-values', message: `${name} has no values to read. ${reason}`.trim() };
}
