import { bytesPiece, type Piece } from '../pieces.js';

/** Larger tensors begin at multiples of 64 KiB, so that Windows can map them; others are only aligned for their values. (ONNX, "External Data".) */
const MAPPED_BYTES = 1024 * 1024;
const MAPPED_ALIGNMENT = 65_536;
const ALIGNMENT = 64;

/** The file beside a model that holds the data of its tensors. */
export class DataFile {
  readonly pieces: Piece[] = [];
  #position = 0;
  readonly #places = new Map<string, ReadonlyMap<string, string>>();

  constructor(readonly name: string) {}

  /** Appends a tensor's data and answers the entries that lead to it. Data with a key that came before are not written again: tied weights stay tied. */
  add(piece: Piece, key: string | null = null): ReadonlyMap<string, string> {
    const before = key === null ? undefined : this.#places.get(key);
    if (before !== undefined) return before;
    const alignment = piece.length >= MAPPED_BYTES ? MAPPED_ALIGNMENT : ALIGNMENT;
    const gap = (alignment - (this.#position % alignment)) % alignment;
    if (gap > 0 && piece.length > 0) {
      this.pieces.push(bytesPiece(new Uint8Array(gap)));
      this.#position += gap;
    }
    const place = new Map([
      ['location', this.name],
      ['offset', String(this.#position)],
      ['length', String(piece.length)],
    ]);
    if (piece.length > 0) this.pieces.push(piece);
    this.#position += piece.length;
    if (key !== null) this.#places.set(key, place);
    return place;
  }
}
