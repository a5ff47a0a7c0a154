import { idleWork } from '@espalier/base';
import { type Checkpoint, openCheckpoint, type TensorEntry } from '@espalier/checkpoint';
import { kernels } from '@espalier/kernels';
import { type TensorHead, toHeads } from '@espalier/model';
import { answerMagnitudes, emptyCounts, type MagnitudeQuestion } from '../src/kthMagnitude.js';
import { answerQuestion } from '../src/stats/answer.js';
import type { StatsOptions } from '../src/stats/options.js';
import type { ElementRange, ScanAnswer, ScanQuestion } from '../src/stats/question.js';
import { BLOCK_ELEMENTS, TensorReader } from '../src/stats/reader.js';
import { tensorStats } from '../src/stats/tensorStats.js';
import { blockingSource } from './files.js';

/** What a thread of a benchmark is asked to do, on one open file. */
export type Job =
  | { readonly kind: 'onePass'; readonly tensors: readonly number[] }
  | { readonly kind: 'everything'; readonly tensors: readonly number[]; readonly options: StatsOptions }
  | {
      readonly kind: 'question';
      readonly tensor: number;
      readonly question: ScanQuestion;
      readonly ranges: readonly ElementRange[];
    }
  | { readonly kind: 'magnitudes'; readonly tensors: readonly number[]; readonly question: MagnitudeQuestion };

export interface Opened {
  readonly checkpoint: Checkpoint;
  readonly heads: readonly TensorHead[];
}

export async function openFile(path: string): Promise<Opened> {
  const opened = await openCheckpoint(blockingSource(path));
  if (!opened.ok) throw new Error(opened.fault.message);
  return { checkpoint: opened.value, heads: toHeads(opened.value) };
}

export async function doJob({ checkpoint, heads }: Opened, job: Job): Promise<unknown> {
  switch (job.kind) {
    case 'onePass': {
      let sum = 0;
      for (const index of job.tensors) sum += await onePass(checkpoint.tensors[index]!);
      return sum;
    }
    case 'everything': {
      let zeros = 0;
      for (const index of job.tensors) {
        const stats = await tensorStats(checkpoint.tensors[index]!, heads[index]!, job.options, idleWork());
        if (!stats.ok) throw new Error(stats.fault.message);
        zeros += stats.value.zeros;
      }
      return zeros;
    }
    case 'question':
      return (await answerQuestion(
        checkpoint.tensors[job.tensor]!,
        heads[job.tensor]!,
        job.question,
        job.ranges,
        idleWork(),
      )) satisfies ScanAnswer;
    case 'magnitudes': {
      const total = emptyCounts(job.question);
      for (const index of job.tensors) {
        const entry = checkpoint.tensors[index]!;
        await answerMagnitudes(entry, job.question, { begin: 0, end: entry.elements }, idleWork(), total);
      }
      return total;
    }
  }
}

/** Zeros, NaN, Inf, extremes, sum, sum of squares and zeros by row: the first kernel of a scan and nothing else. */
async function onePass(entry: TensorEntry): Promise<number> {
  const k = kernels();
  const reader = new TensorReader(entry, { kind: 'float32' });
  const columns = entry.shape[entry.shape.length - 1]!;
  const bitRegion = k.take(BLOCK_ELEMENTS / 8 + 8);
  const rowRegion = k.take((4 * entry.elements) / columns);
  const bits = new Uint8Array(bitRegion.buffer, bitRegion.byteOffset, BLOCK_ELEMENTS / 8);
  const rows = new Uint32Array(rowRegion.buffer, rowRegion.byteOffset, entry.elements / columns).fill(0);
  let total = 0;
  for await (const { begin, data } of reader.windows([{ begin: 0, end: entry.elements }], idleWork(), reader.float32)) {
    for (let at = 0; at < data.values.length; at += BLOCK_ELEMENTS) {
      const x = data.values.subarray(at, at + BLOCK_ELEMENTS);
      const { zeros, nan, inf, min, max, sum, sumSquares } = k.scanFloat32(x, bits, false);
      k.countRuns(bits, columns, rows.subarray((begin + at) / columns, (begin + at + x.length) / columns));
      total += zeros + nan + inf + min + max + sum + sumSquares;
    }
  }
  reader.release();
  bitRegion.release();
  rowRegion.release();
  return total;
}
