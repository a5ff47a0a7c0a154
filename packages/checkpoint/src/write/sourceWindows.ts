import { breathe, type Work } from '@espalier/base';
import type { ByteSource } from '@espalier/tensor';

/** Bytes of a window: few enough that what was read is still in the cache when it is written. */
const WINDOW_BYTES = 1024 * 1024;

/** Between turns of the event loop at most so many windows are made, so that a cancel arrives in time. */
const WINDOWS_PER_BREATH = 4;

/** A stretch of a file, window by window; a window is valid until the next but one is asked for. */
export async function* sourceWindows(
  source: ByteSource,
  begin: number,
  length: number,
  work: Work,
): AsyncGenerator<Uint8Array> {
  const buffers = (length > WINDOW_BYTES ? [0, 1] : [0]).map(() => new Uint8Array(Math.min(WINDOW_BYTES, length)));
  for (let at = 0, turn = 1; at < length; at += WINDOW_BYTES, turn++) {
    work.signal.throwIfAborted();
    const window = buffers[turn % buffers.length]!.subarray(0, Math.min(WINDOW_BYTES, length - at));
    await source.readInto(window, begin + at, work.signal);
    yield window;
    if (turn % WINDOWS_PER_BREATH === 0) await breathe();
  }
}
