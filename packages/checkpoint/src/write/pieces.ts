import { invariant, type Work } from '@espalier/base';
import type { ByteSource } from '@espalier/tensor';
import type { ByteSink, OutputTensor } from './output.js';
import { sourceWindows } from './sourceWindows.js';
import { writeWindows } from './writeWindows.js';

/** A part of a file that is put together from another one: bytes at hand, a stretch of the other file, a tensor. Its length is known before it is read. */
export type Piece =
  | { readonly kind: 'bytes'; readonly length: number; readonly bytes: Uint8Array }
  | { readonly kind: 'copy'; readonly length: number; readonly source: ByteSource; readonly begin: number }
  | {
      readonly kind: 'tensor';
      readonly length: number;
      readonly name: string;
      readonly windows: OutputTensor['windows'];
    };

export const bytesPiece = (bytes: Uint8Array): Piece => ({ kind: 'bytes', length: bytes.length, bytes });

export const copyPiece = (source: ByteSource, begin: number, end: number): Piece => ({
  kind: 'copy',
  length: end - begin,
  source,
  begin,
});

export const tensorPiece = (
  name: string,
  { byteLength, windows }: Pick<OutputTensor, 'byteLength' | 'windows'>,
): Piece => ({ kind: 'tensor', length: byteLength, name, windows });

export const lengthOf = (pieces: readonly Piece[]): number => pieces.reduce((sum, { length }) => sum + length, 0);

/** Writes pieces one after the other. */
export async function writePieces(
  sink: ByteSink,
  pieces: readonly Piece[],
  work: Work,
  wrote: (bytes: number) => void,
): Promise<void> {
  for (const piece of pieces) {
    if (piece.kind === 'bytes') {
      await sink.write(piece.bytes);
      wrote(piece.length);
      continue;
    }
    const windows = piece.kind === 'tensor' ? piece.windows : copied(piece);
    const written = await writeWindows(sink, { windows }, work, wrote);
    const name = piece.kind === 'tensor' ? piece.name : piece.source.name;
    invariant(written === piece.length, `${name}: ${written} bytes of ${piece.length}`);
  }
}

const copied =
  ({ source, begin, length }: Extract<Piece, { kind: 'copy' }>): OutputTensor['windows'] =>
  (work) =>
    sourceWindows(source, begin, length, work);

/** Pieces as the windows of one tensor. */
export const pieceWindows = (pieces: readonly Piece[]): OutputTensor['windows'] =>
  async function* (work) {
    for (const piece of pieces) {
      if (piece.kind === 'bytes') yield piece.bytes;
      else yield* (piece.kind === 'tensor' ? piece.windows : copied(piece))(work);
    }
  };
