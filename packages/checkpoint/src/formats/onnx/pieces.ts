import { byteLength, type Dtype, decodeValues, type Values } from '@espalier/tensor';
import type { DecodedData } from '../../checkpoint.js';
import { type Span, spanLength } from '../../protobuf/index.js';

/** Fixed-width values that a writer split over several packed pieces, as protobuf allows. */
export function pieceData(pieces: readonly Span[], dtype: Dtype): DecodedData {
  return {
    kind: 'decoded',
    blockElements: 1,
    async read(begin: number, count: number, signal?: AbortSignal): Promise<Values> {
      const width = byteLength(dtype, 1);
      return decodeValues(dtype, await gather(pieces, begin * width, count * width, signal), count);
    },
  };
}

/** Bytes of a range of the pieces laid end to end. */
async function gather(
  pieces: readonly Span[],
  begin: number,
  length: number,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const out = new Uint8Array(length);
  let pieceBegin = 0;
  for (const piece of pieces) {
    const from = Math.max(begin, pieceBegin);
    const to = Math.min(begin + length, pieceBegin + spanLength(piece));
    if (from < to)
      await piece.source.readInto(out.subarray(from - begin, to - begin), piece.begin + from - pieceBegin, signal);
    pieceBegin += spanLength(piece);
  }
  return out;
}
