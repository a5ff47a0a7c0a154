import { attempt, type Fault, fail, invariant, ok, type Result, type Work } from '@espalier/base';
import type { TensorEntry } from '@espalier/checkpoint';
import type { TensorHead } from '@espalier/model';
import { answerQuestion } from './answer.js';
import { modeOf } from './mode.js';
import { noValues } from './tensorStats.js';

/** Zeros of a tensor by its quantization, in one read and nothing else. Faults as those of `tensorStats`. */
export async function zerosOf(entry: TensorEntry, head: TensorHead, work: Work): Promise<Result<number, Fault>> {
  const { data } = entry;
  if (data.kind === 'none' && data.why !== 'empty') return fail(noValues(entry));
  if (data.kind === 'none' || entry.elements === 0) return ok(0);
  return attempt(async () => {
    const question = {
      kind: 'first',
      mode: modeOf(entry),
      structure: false,
      digest: false,
      precise: false,
      order: null,
    } as const;
    const answer = await answerQuestion(entry, head, question, [{ begin: 0, end: entry.elements }], work);
    invariant(answer.kind === 'first', 'the answer to another question');
    return answer.zeros;
  });
}
