import { invariant, type Work } from '@espalier/base';
import type { TensorEntry } from '@espalier/checkpoint';
import type { TensorHead } from '@espalier/model';
import { answerStructure } from '../structure/boxes.js';
import { firstOfFloat32, refineFloat32 } from './float32.js';
import { firstOfFloat64, refineFloat64 } from './float64.js';
import { firstOfPatterns } from './patterns.js';
import type { ElementRange, ScanAnswer, ScanQuestion } from './question.js';
import { TensorReader } from './reader.js';

/**
 * Answers one question over some ranges of a tensor: the part of a scan that runs in a worker. The answer is plain data. A reader that is
 * kept between questions spares the second read of a tensor that fits one window. Faults fly as `FaultError`, a cancel as the signal's reason.
 */
export async function answerQuestion(
  entry: TensorEntry,
  head: TensorHead,
  question: ScanQuestion,
  ranges: readonly ElementRange[],
  work: Work,
  kept?: TensorReader,
): Promise<ScanAnswer> {
  const reader = kept ?? new TensorReader(entry, question.mode);
  try {
    return await answer(reader, entry, head, question, ranges, work);
  } finally {
    if (kept === undefined) reader.release();
  }
}

async function answer(
  reader: TensorReader,
  entry: TensorEntry,
  head: TensorHead,
  question: ScanQuestion,
  ranges: readonly ElementRange[],
  work: Work,
): Promise<ScanAnswer> {
  switch (question.kind) {
    case 'first':
      if (question.mode.kind === 'float32') return await firstOfFloat32(reader, head, question, ranges, work);
      if (question.mode.kind === 'float64') return await firstOfFloat64(reader, head, question, ranges, work);
      invariant(entry.data.kind === 'raw', 'patterns are counted in raw data');
      return await firstOfPatterns(reader, entry.data, head, question, ranges, work);
    case 'refine':
      if (question.mode.kind === 'float64') return await refineFloat64(reader, question, ranges, work);
      return await refineFloat32(reader, question, ranges, work);
    case 'structure':
      return await answerStructure(reader, entry, head, question, ranges, work);
  }
}
