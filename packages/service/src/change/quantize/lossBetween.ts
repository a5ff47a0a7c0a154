import { breathe, type Fault, fail, ok, type Result, type Work } from '@espalier/base';
import { readValues, type TensorEntry } from '@espalier/checkpoint';
import type { LayerQuantization } from '@espalier/protocol';
import { ErrorSums } from '@espalier/quantization';

const WINDOW_ELEMENTS = 1 << 20;

type Loss = Omit<LayerQuantization, 'scheme' | 'bits' | 'bitsPerWeight' | 'granularity'>;

/**
 * What a tensor lost on the way to another form of it. Faults: `quantize/non-finite` where a value is none, or became none. Raises faults of the source; aborts fly.
 */
export async function lossBetween(before: TensorEntry, after: TensorEntry, work: Work): Promise<Result<Loss, Fault>> {
  const sums = new ErrorSums(0);
  for (let begin = 0; begin < before.elements; begin += WINDOW_ELEMENTS) {
    work.signal.throwIfAborted();
    const count = Math.min(WINDOW_ELEMENTS, before.elements - begin);
    const values = await readValues(before, begin, count, work.signal);
    const rounded = await readValues(after, begin, count, work.signal);
    const odd = rounded.findIndex((value) => !Number.isFinite(value));
    if (odd >= 0) {
      return fail({
        code: 'quantize/non-finite',
        message: `${before.name}: ${values[odd]} at element ${begin + odd} has no place in ${after.storage}.`,
        found: String(values[odd]),
      });
    }
    sums.add(values, rounded, new Uint8Array(count), { begin: 0, end: count, step: Number.POSITIVE_INFINITY });
    await breathe();
  }
  const { sqnrDb, mse, maxAbsError, cosine, clippedShare } = sums.result();
  return ok({
    sqnrDb: sqnrDb === Number.POSITIVE_INFINITY ? 'inf' : sqnrDb,
    mse,
    maxAbsError,
    cosine,
    clippedShare,
    levels: null,
  });
}
