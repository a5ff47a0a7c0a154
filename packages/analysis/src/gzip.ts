import { attempt, breathe, type Fault, type Result, type Work } from '@espalier/base';
import type { RawData, TensorEntry } from '@espalier/checkpoint';
import { BITS } from '@espalier/tensor';
import { Gzip } from 'fflate';
import type { Obtained, SizesAsStored } from './facts.js';
import { chooseDistinct, sampleError } from './stats/sample.js';

/** Above this many bytes a sample is compressed. */
const FULL_BYTES = 256_000_000;
/** A sample is made of blocks of this size, each compressed by itself … */
const BLOCK_BYTES = 1 << 20;
/** … and of this many of them. */
const SAMPLE_BLOCKS = 64;
/** Compressed between turns of the event loop: about 10 ms of work. */
const STEP_BYTES = 1 << 18;
/** Bytes of one file that belong together. */
interface Stretch {
  readonly source: RawData['source'];
  readonly begin: number;
  readonly length: number;
}

/**
 * Size of the stored bytes after gzip, level 6. Takes about a second for 40 MB, so it is asked for apart. Above 256 MB it is an estimate from
 * a seeded sample; its error is of the ratio. Null where the bytes do not lie in the file as they are (packed or compressed encodings).
 */
export async function gzipSize(
  entry: TensorEntry,
  work: Work,
  seed = 1,
): Promise<Result<SizesAsStored['gzip'], Fault>> {
  return attempt(() => sizeOfStretches(stretchesOf([entry]), work, seed));
}

/**
 * The same for several tensors together: the sum of what each takes by itself; above 256 MB an estimate from blocks that may lie in any of
 * them. A tensor whose bytes do not lie in the file as they are keeps its stored size, and the error is of the ratio of all bytes. Null where
 * none can be compressed.
 */
export async function gzipSizeOfAll(
  entries: readonly TensorEntry[],
  work: Work,
  seed = 1,
): Promise<Result<SizesAsStored['gzip'], Fault>> {
  return attempt(async () => {
    const stretches = stretchesOf(entries);
    const compressed = await sizeOfStretches(stretches, work, seed);
    if (compressed === null) return null;
    const kept = entries.reduce((sum, entry) => sum + (entry.data.kind === 'raw' ? 0 : entry.bytes), 0);
    const { obtained } = compressed;
    const total = lengthOf(stretches);
    return {
      bytes: compressed.bytes + kept,
      obtained:
        obtained.kind === 'exact' ? obtained : { ...obtained, error: (obtained.error * total) / (total + kept) },
    };
  });
}

/** Bytes that are made while they are read. */
export interface Windowed {
  readonly byteLength: number;
  windows(work: Work): AsyncIterable<Uint8Array>;
}

/** Bytes above which `gzipSizeOfWindows` compresses a sample. */
export const GZIP_FULL_BYTES = FULL_BYTES;

/** The same of tensors that are not in a file yet, each by itself; above 256 MB together an estimate from blocks of all. Null where there are no bytes. */
export async function gzipSizeOfWindows(
  tensors: readonly Windowed[],
  work: Work,
  seed = 1,
): Promise<SizesAsStored['gzip']> {
  const total = tensors.reduce((sum, { byteLength }) => sum + byteLength, 0);
  if (total === 0) return null;
  if (total > FULL_BYTES) return compressWindowSample(tensors, total, work, seed);
  let bytes = 0;
  for (const tensor of tensors) {
    const compressor = newCompressor();
    for await (const window of tensor.windows(work)) await compressor.push(window);
    bytes += await compressor.finish();
  }
  return { bytes, obtained: { kind: 'exact' } };
}

async function compressWindowSample(
  tensors: readonly Windowed[],
  total: number,
  work: Work,
  seed: number,
): Promise<SizesAsStored['gzip']> {
  const chosen = new Set(chooseDistinct(Math.floor(total / BLOCK_BYTES), SAMPLE_BLOCKS, seed));
  const ratios: number[] = [];
  let at = 0;
  let open: Compressor | null = null;
  const touches = (begin: number, end: number): boolean => {
    for (let block = Math.floor(begin / BLOCK_BYTES); block * BLOCK_BYTES < end; block++)
      if (chosen.has(block)) return true;
    return false;
  };
  for (const tensor of tensors) {
    const end = at + tensor.byteLength;
    // What no block lies in is not even made.
    if (!touches(at, end)) {
      at = end;
      continue;
    }
    for await (const window of tensor.windows(work)) {
      for (let done = 0; done < window.length; ) {
        const block = Math.floor((at + done) / BLOCK_BYTES);
        const stop = Math.min(window.length, (block + 1) * BLOCK_BYTES - at);
        if (chosen.has(block)) {
          open ??= newCompressor();
          await open.push(window.subarray(done, stop));
          if (at + stop === (block + 1) * BLOCK_BYTES) {
            ratios.push((await open.finish()) / BLOCK_BYTES);
            open = null;
            work.progress({ done: ratios.length, total: chosen.size });
          }
        }
        done = stop;
      }
      at += window.length;
    }
  }
  const ratio = ratios.reduce((sum, value) => sum + value, 0) / ratios.length;
  const share = (ratios.length * BLOCK_BYTES) / total;
  const obtained: Obtained = { kind: 'sampled', share, error: sampleError(ratios, share), seed };
  return { bytes: Math.round(ratio * total), obtained };
}

const stretchesOf = (entries: readonly TensorEntry[]): Stretch[] =>
  entries.flatMap(({ data, elements }) =>
    data.kind === 'raw'
      ? [{ source: data.source, begin: data.begin, length: Math.ceil((elements * BITS[data.dtype]) / 8) }]
      : [],
  );

const lengthOf = (stretches: readonly Stretch[]): number => stretches.reduce((sum, { length }) => sum + length, 0);

async function sizeOfStretches(
  stretches: readonly Stretch[],
  work: Work,
  seed: number,
): Promise<SizesAsStored['gzip']> {
  if (stretches.length === 0) return null;
  const total = lengthOf(stretches);
  return total <= FULL_BYTES ? compressAll(stretches, total, work) : compressSample(stretches, total, work, seed);
}

/** Each stretch by itself. */
async function compressAll(stretches: readonly Stretch[], total: number, work: Work): Promise<SizesAsStored['gzip']> {
  let bytes = 0;
  let done = 0;
  for (const stretch of stretches) {
    bytes += await compress([stretch], work);
    done += stretch.length;
    work.progress({ done, total });
  }
  return { bytes, obtained: { kind: 'exact' } };
}

/** Blocks of all stretches as if they lay one behind the other. */
async function compressSample(
  stretches: readonly Stretch[],
  total: number,
  work: Work,
  seed: number,
): Promise<SizesAsStored['gzip']> {
  const blocks = chooseDistinct(Math.floor(total / BLOCK_BYTES), SAMPLE_BLOCKS, seed);
  const ratios: number[] = [];
  for (const block of blocks) {
    const begin = block * BLOCK_BYTES;
    ratios.push((await compress(cut(stretches, begin, begin + BLOCK_BYTES), work)) / BLOCK_BYTES);
    work.progress({ done: ratios.length, total: blocks.length });
  }
  const ratio = ratios.reduce((sum, value) => sum + value, 0) / ratios.length;
  const share = (blocks.length * BLOCK_BYTES) / total;
  const obtained: Obtained = { kind: 'sampled', share, error: sampleError(ratios, share), seed };
  return { bytes: Math.round(ratio * total), obtained };
}

/** The parts of the stretches between two places of their row. */
function cut(stretches: readonly Stretch[], begin: number, end: number): Stretch[] {
  let at = 0;
  return stretches.flatMap((stretch) => {
    const from = Math.max(begin, at);
    const to = Math.min(end, at + stretch.length);
    const cutOff = from - at;
    at += stretch.length;
    return from < to ? [{ ...stretch, begin: stretch.begin + cutOff, length: to - from }] : [];
  });
}

/** Bytes that the stretches take after gzip as one stream. */
async function compress(stretches: readonly Stretch[], work: Work): Promise<number> {
  const compressor = newCompressor();
  for (const { source, begin, length } of stretches) {
    for (let done = 0; done < length; done += STEP_BYTES) {
      work.signal.throwIfAborted();
      await compressor.push(await source.read(begin + done, Math.min(STEP_BYTES, length - done), work.signal));
    }
  }
  return await compressor.finish();
}

interface Compressor {
  push(chunk: Uint8Array): Promise<void>;
  /** Bytes in all. */
  finish(): Promise<number>;
}

const newCompressor = (): Compressor =>
  typeof CompressionStream === 'function' ? zlibCompressor() : fflateCompressor();

/** The zlib of the platform, off this thread. */
function zlibCompressor(): Compressor {
  const { readable, writable } = new CompressionStream('gzip');
  const writer = writable.getWriter();
  const total = (async () => {
    let bytes = 0;
    const reader = readable.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return bytes;
      bytes += (value as Uint8Array).length;
    }
  })();
  return {
    async push(chunk) {
      await writer.write(chunk as Uint8Array<ArrayBuffer>);
    },
    async finish() {
      await writer.close();
      return await total;
    },
  };
}

/** Where the platform has none: its results are a few percent larger. */
function fflateCompressor(): Compressor {
  let bytes = 0;
  const gzip = new Gzip({ level: 6, mtime: 0 }, (chunk) => {
    bytes += chunk.length;
  });
  return {
    async push(chunk) {
      gzip.push(chunk);
      await breathe();
    },
    async finish() {
      gzip.push(new Uint8Array(0), true);
      return bytes;
    },
  };
}
