import { bytesPiece, lengthOf, type Piece } from './pieces.js';
import { concat } from './zipWriter.js';

/** Wire types (protobuf.dev, "Encoding"). */
const VARINT = 0;
const LENGTH_DELIMITED = 2;

/** A whole number as a varint; negative ones in two's complement of 64 bits. */
export function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}

const tag = (field: number, wire: number): Uint8Array => varint(field * 8 + wire);

export const intField = (field: number, value: number): Uint8Array => concat([tag(field, VARINT), varint(value)]);

export const bytesField = (field: number, bytes: Uint8Array): Uint8Array =>
  concat([tag(field, LENGTH_DELIMITED), varint(bytes.length), bytes]);

export const textField = (field: number, text: string): Uint8Array => bytesField(field, new TextEncoder().encode(text));

/** A message, a text or bytes that are put together from pieces. */
export const piecesField = (field: number, pieces: readonly Piece[]): Piece[] => [
  bytesPiece(concat([tag(field, LENGTH_DELIMITED), varint(lengthOf(pieces))])),
  ...pieces,
];
