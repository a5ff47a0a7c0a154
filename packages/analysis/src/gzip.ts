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
/**
 * Size of the stored bytes after gzip, level 6. Takes about a second for 40 MB, so it is asked for apart. Above 256 MB it is an estimate from
 * a seeded sample; its error is of the ratio. Null where the bytes do not lie in the file as they are (packed or compressed encodings).
 */
export async function gzipSize(
  entry: TensorEntry,
  work: Work,
  seed = 1,
): Promise<Result<SizesAsStored['gzip'], Fault>> {
  const { data } = entry;
  if (data.kind !== 'raw') return { ok: true, value: null };
  const total = Math.ceil((entry.elements * BITS[data.dtype]) / 8);
  return attempt(() =>
    total <= FULL_BYTES ? compressAll(data, total, work) : compressSample(data, total, work, seed),
  );
}

async function compressAll(data: RawData, total: number, work: Work): Promise<SizesAsStored['gzip']> {
  const bytes = await compress(data, data.begin, total, work);
  return { bytes, obtained: { kind: 'exact' } };
}

async function compressSample(data: RawData, total: number, work: Work, seed: number): Promise<SizesAsStored['gzip']> {
  const blocks = chooseDistinct(Math.floor(total / BLOCK_BYTES), SAMPLE_BLOCKS, seed);
  const ratios: number[] = [];
  for (const block of blocks) {
    ratios.push((await compress(data, data.begin + block * BLOCK_BYTES, BLOCK_BYTES, work)) / BLOCK_BYTES);
    work.progress({ done: ratios.length, total: blocks.length });
  }
  const ratio = ratios.reduce((sum, value) => sum + value, 0) / ratios.length;
  const share = (blocks.length * BLOCK_BYTES) / total;
  const obtained: Obtained = { kind: 'sampled', share, error: sampleError(ratios, share), seed };
  return { bytes: Math.round(ratio * total), obtained };
}

/** Bytes that a stretch of the file takes after gzip. */
async function compress(data: RawData, begin: number, length: number, work: Work): Promise<number> {
  const compressor = typeof CompressionStream === 'function' ? zlibCompressor() : fflateCompressor();
  for (let done = 0; done < length; done += STEP_BYTES) {
    work.signal.throwIfAborted();
    await compressor.push(await data.source.read(begin + done, Math.min(STEP_BYTES, length - done), work.signal));
  }
  return await compressor.finish();
}

interface Compressor {
  push(chunk: Uint8Array): Promise<void>;
  /** Bytes in all. */
  finish(): Promise<number>;
}

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
