import { raise, type Shape, sizeOf } from '@espalier/base';
import type { Values } from '@espalier/tensor';
import type { DecodedData } from '../checkpoint.js';

/** Stored elements of a sparse tensor with the C-order offset of each in the dense one. */
export interface Pieces {
  readonly places: Float64Array;
  readonly values: Values;
}

/** A sparse tensor: everything that is not stored is zero, what is stored twice adds up. */
export interface Scattered {
  readonly name: string;
  readonly file: string;
  readonly shape: Shape;
  /** Stored pieces: elements, or blocks of elements. */
  readonly stored: number;
  /** True when values need doubles. */
  readonly wide: boolean;
  /** Pieces `begin` to `begin + count`, in stored order. */
  read(begin: number, count: number, signal?: AbortSignal): Promise<Pieces>;
  /** Elements in one piece. */
  readonly pieceElements: number;
}

/** Elements read at once: the memory that a scan takes, however many are stored. */
const CHUNK_ELEMENTS = 64 * 1024;

interface Chunk {
  readonly begin: number;
  readonly count: number;
  readonly low: number;
  readonly high: number;
}

/**
 * Dense values of a sparse tensor. The first read passes over all indices once and remembers, for every chunk of them, the range of places;
 * later reads visit only chunks that can matter. Fault: `checkpoint/index-outside`.
 */
export function scatteredData(sparse: Scattered): DecodedData {
  const elements = sizeOf(sparse.shape);
  let chunks: Promise<readonly Chunk[]> | undefined;
  return {
    kind: 'decoded',
    blockElements: Math.max(1, Math.min(elements, 256 * 1024)),
    async read(begin, count, signal) {
      chunks ??= survey(sparse, elements, signal).catch((error: unknown) => {
        chunks = undefined;
        throw error;
      });
      const out = sparse.wide ? new Float64Array(count) : new Float32Array(count);
      for (const chunk of await chunks) {
        if (chunk.high < begin || chunk.low >= begin + count) continue;
        const { places, values } = await sparse.read(chunk.begin, chunk.count, signal);
        for (let i = 0; i < places.length; i++) {
          const at = places[i]! - begin;
          if (at >= 0 && at < count) out[at]! += values[i]!;
        }
      }
      return out;
    },
  };
}

async function survey(sparse: Scattered, elements: number, signal?: AbortSignal): Promise<readonly Chunk[]> {
  const chunks: Chunk[] = [];
  const step = Math.max(1, Math.floor(CHUNK_ELEMENTS / sparse.pieceElements));
  for (let begin = 0; begin < sparse.stored; begin += step) {
    const count = Math.min(step, sparse.stored - begin);
    const { places } = await sparse.read(begin, count, signal);
    let low = Number.POSITIVE_INFINITY;
    let high = -1;
    for (const place of places) {
      low = Math.min(low, place);
      high = Math.max(high, place);
    }
    if (low < 0 || high >= elements) {
      raise({
        code: 'checkpoint/index-outside',
        file: sparse.file,
        expected: elements - 1,
        found: low < 0 ? low : high,
        message: `Sparse tensor ${sparse.name} has ${elements} elements, one of its indices points elsewhere.`,
      });
    }
    chunks.push({ begin, count, low, high });
  }
  return chunks;
}
