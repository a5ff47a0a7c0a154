import { raise } from '@espalier/base';
import type { ByteSource } from '@espalier/tensor';
import { Inflate } from 'fflate';
import { crc32 } from './crc32.js';
import { raiseIfOutside } from './slice.js';

/** What is known of a deflated entry. Sizes come from the directory and are held against what really comes out. */
export interface Deflated {
  readonly name: string;
  readonly archive: ByteSource;
  locate(signal?: AbortSignal): Promise<number>;
  readonly storedBytes: number;
  readonly sizeBytes: number;
  readonly crc32: number;
}

/** Input is fed in pieces that start small, because most readers want a header first. One piece of 16 kB inflates to 17 MB at most. */
const FIRST_PIECE_BYTES = 1024;
const PIECE_BYTES = 16 * 1024;
/** Entries up to this size are inflated once and kept: headers are read in any order. */
const KEEP_BYTES = 1024 * 1024;

/**
 * The inflated bytes of a deflated entry. Reading goes on where the last read ended; a read further back starts again from the front.
 * Faults: `zip/inflate` (not deflate, shorter or longer than stated, wrong checksum), `checkpoint/truncated`.
 */
export function inflatedSource(entry: Deflated): Pick<ByteSource, 'name' | 'sizeBytes' | 'read' | 'readInto'> {
  let stream = createStream(entry);
  let kept: Uint8Array | undefined;
  let queue: Promise<unknown> = Promise.resolve();

  /** One read at a time: they share the stream. */
  function alone<T>(run: () => Promise<T>): Promise<T> {
    const result = queue.then(run);
    queue = result.catch(() => {});
    return result;
  }

  async function fill(target: Uint8Array, begin: number, signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (entry.sizeBytes <= KEEP_BYTES) {
      kept ??= await inflateAll(entry, signal);
      target.set(kept.subarray(begin, begin + target.length));
      return;
    }
    if (begin < stream.at) stream = createStream(entry);
    try {
      await stream.fill(target, begin, signal);
    } catch (error) {
      stream = createStream(entry);
      throw error;
    }
  }

  return {
    name: entry.name,
    sizeBytes: entry.sizeBytes,
    async read(begin, length, signal) {
      raiseIfOutside(entry.name, entry.sizeBytes, begin, length);
      const bytes = new Uint8Array(length);
      await alone(() => fill(bytes, begin, signal));
      return bytes;
    },
    async readInto(target, begin, signal) {
      raiseIfOutside(entry.name, entry.sizeBytes, begin, target.length);
      await alone(() => fill(target, begin, signal));
    },
  };
}

async function inflateAll(entry: Deflated, signal?: AbortSignal): Promise<Uint8Array> {
  const bytes = new Uint8Array(entry.sizeBytes);
  const stream = createStream(entry);
  await stream.fill(bytes, 0, signal);
  await stream.finish(signal);
  return bytes;
}

interface Stream {
  /** Inflated offset of the first byte that can still be delivered. */
  readonly at: number;
  fill(target: Uint8Array, begin: number, signal?: AbortSignal): Promise<void>;
  /** Inflates what is left, so that size and checksum are held against the directory. */
  finish(signal?: AbortSignal): Promise<void>;
}

function createStream(entry: Deflated): Stream {
  /** Pieces that came out and were not passed over yet; the first begins at `at`. */
  let pieces: Uint8Array[] = [];
  let at = 0;
  let produced = 0;
  let checksum = 0;
  let fed = 0;
  let pieceBytes = FIRST_PIECE_BYTES;
  let done = false;

  const broken = (message: string, expected?: string | number, found?: string | number): never =>
    raise({
      code: 'zip/inflate',
      file: entry.archive.name,
      message: `Entry ${entry.name}: ${message}.`,
      ...(expected === undefined ? {} : { expected }),
      ...(found === undefined ? {} : { found }),
    });

  const inflate = new Inflate((piece, final) => {
    produced += piece.length;
    if (produced > entry.sizeBytes) broken('it inflates to more than its stated size', entry.sizeBytes, produced);
    checksum = crc32(piece, checksum);
    if (piece.length > 0) pieces.push(piece);
    done = final;
  });

  async function feed(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const begin = await entry.locate(signal);
    const length = Math.min(pieceBytes, entry.storedBytes - fed);
    pieceBytes = PIECE_BYTES;
    const piece = await entry.archive.read(begin + fed, length, signal);
    fed += length;
    try {
      inflate.push(piece, fed === entry.storedBytes);
    } catch (error) {
      // The library throws plain errors with a numeric code for malformed input; our own faults pass.
      if (error instanceof Error && 'code' in error) broken(`its compressed bytes are broken (${error.message})`);
      throw error;
    }
    if (!done) return;
    if (produced !== entry.sizeBytes) broken('it does not inflate to its stated size', entry.sizeBytes, produced);
    if (checksum !== entry.crc32) broken('its checksum is wrong', hex(entry.crc32), hex(checksum));
  }

  return {
    get at() {
      return at;
    },
    async fill(target, begin, signal) {
      let filled = 0;
      while (filled < target.length) {
        const piece = pieces[0];
        if (piece === undefined) {
          if (done) broken('it does not inflate to its stated size', entry.sizeBytes, produced);
          await feed(signal);
          continue;
        }
        const wanted = begin + filled - at;
        if (wanted >= piece.length) {
          at += piece.length;
          pieces.shift();
          continue;
        }
        const part = piece.subarray(wanted, wanted + target.length - filled);
        target.set(part, filled);
        filled += part.length;
      }
    },
    async finish(signal) {
      pieces = [];
      while (!done) {
        await feed(signal);
        pieces = [];
      }
    },
  };
}

const hex = (crc: number): string => `0x${crc.toString(16).padStart(8, '0')}`;
