import { breathe, type Work } from '@espalier/base';
import { readValues, type TensorEntry } from '@espalier/checkpoint';
import { kernels, type Region } from '@espalier/kernels';

/** Values of a window: a megabyte as f32 is still in the cache when it is looked at. */
const WINDOW_ELEMENTS = 1 << 18;

/** Between turns of the event loop at most so many windows are looked at, so that a cancel arrives in time. */
const WINDOWS_PER_BREATH = 16;

/** Reads values of tensors as f32 into the memory of the kernels. What it answers is valid until the next read or the release. */
export class WordReader {
  private readonly region: Region;
  private narrow: Region | null = null;

  constructor(private readonly elements: number) {
    this.region = kernels().take(4 * elements);
  }

  /** The bits of at most `elements` values as f32. Values wider than that are rounded. */
  async read({ data, ...entry }: TensorEntry, begin: number, count: number, signal: AbortSignal): Promise<Uint32Array> {
    const { buffer, byteOffset } = this.region;
    const words = new Uint32Array(buffer, byteOffset, count);
    const plain = data.kind === 'raw' && data.affine === undefined ? data : null;
    if (plain?.dtype === 'F32') {
      await plain.source.readInto(new Uint8Array(buffer, byteOffset, 4 * count), plain.begin + 4 * begin, signal);
      return words;
    }
    const singles = new Float32Array(buffer, byteOffset, count);
    if (plain?.dtype === 'F16' || plain?.dtype === 'BF16') {
      this.narrow ??= kernels().take(2 * this.elements);
      const halves = new Uint16Array(this.narrow.buffer, this.narrow.byteOffset, count);
      const bytes = new Uint8Array(halves.buffer, halves.byteOffset, 2 * count);
      await plain.source.readInto(bytes, plain.begin + 2 * begin, signal);
      if (plain.dtype === 'F16') kernels().decodeFloat16(halves, singles);
      else kernels().decodeBfloat16(halves, singles);
      return words;
    }
    singles.set(await readValues({ ...entry, data }, begin, count, signal));
    return words;
  }

  release(): void {
    this.region.release();
    this.narrow?.release();
  }
}

/** The bits of all values of a tensor as f32, window by window. A window is valid until the next one is asked for, and may be written into. */
export async function* wordWindows(
  entry: TensorEntry,
  work: Work,
): AsyncGenerator<{ readonly begin: number; readonly words: Uint32Array }> {
  const reader = new WordReader(Math.min(WINDOW_ELEMENTS, entry.elements));
  try {
    for (let begin = 0, turn = 1; begin < entry.elements; begin += WINDOW_ELEMENTS, turn++) {
      work.signal.throwIfAborted();
      const count = Math.min(WINDOW_ELEMENTS, entry.elements - begin);
      yield { begin, words: await reader.read(entry, begin, count, work.signal) };
      if (turn % WINDOWS_PER_BREATH === 0) await breathe();
    }
  } finally {
    reader.release();
  }
}
