import { invariant, type Work } from '@espalier/base';
import type { TensorEntry } from '@espalier/checkpoint';
import type { TensorHead } from '@espalier/model';
import { firstOfFloat32, refineFloat32 } from './float32.js';
import { firstOfFloat64, refineFloat64 } from './float64.js';
import { firstOfPatterns } from './patterns.js';
import type { ElementRange, ScanAnswer, ScanQuestion } from './question.js';

/**
 * Answers one question over some ranges of a tensor: the part of a scan that runs in a worker. The answer is plain data. Ranges of a
 * question with structure must begin at multiples of the plan's `unit`. Faults fly as `FaultError`, a cancel as the signal's reason.
 */
export async function answerQuestion(
  entry: TensorEntry,
  head: TensorHead,
  question: ScanQuestion,
  ranges: readonly ElementRange[],
  work: Work,
): Promise<ScanAnswer> {
  if (question.kind === 'first') {
    switch (question.mode.kind) {
      case 'patterns': {
        invariant(entry.data.kind === 'raw', 'patterns are counted in raw data');
        return await firstOfPatterns(entry.data, head, question, question.mode.width, ranges, work);
      }
      case 'float32':
        return await firstOfFloat32(entry, head, question, ranges, work);
      case 'float64':
        return await firstOfFloat64(entry, head, question, ranges, work);
    }
  }
  return question.mode.kind === 'float64'
    ? await refineFloat64(entry, question, ranges, work)
    : await refineFloat32(entry, question, ranges, work);
}
