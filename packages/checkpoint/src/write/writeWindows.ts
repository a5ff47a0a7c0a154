import type { Work } from '@espalier/base';
import type { ByteSink, OutputTensor } from './output.js';

/** Writes the bytes of a tensor, one window while the next is made. Answers how many there were. */
export async function writeWindows(
  sink: ByteSink,
  tensor: Pick<OutputTensor, 'windows'>,
  work: Work,
  wrote: (bytes: number) => void,
): Promise<number> {
  let written = 0;
  let pending: Promise<void> = Promise.resolve();
  try {
    for await (const window of tensor.windows(work)) {
      await pending;
      pending = sink.write(window);
      // Whoever waits hears of a failure; it must not count as unheard meanwhile.
      pending.catch(() => {});
      written += window.length;
      wrote(window.length);
    }
  } finally {
    await pending;
  }
  return written;
}
