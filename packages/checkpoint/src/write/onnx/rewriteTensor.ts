import type { Span, WireReader } from '../../protobuf/index.js';
import { bytesPiece, copyPiece, type Piece } from '../pieces.js';
import { intField, piecesField } from '../protoBytes.js';
import { rewriteMessage } from '../rewriteMessage.js';
import { concat } from '../zipWriter.js';
import { externalEntries, externalFields } from './newMessages.js';

/** What becomes of a TensorProto. */
export interface TensorChange {
  readonly dims?: readonly number[];
  /** New values in a field of the message: `raw_data` 9, or a packed list, `float_data` 4 or `double_data` 10. */
  readonly data?: { readonly field: 4 | 9 | 10; readonly piece: Piece };
  /** The place of the values in another file. */
  readonly external?: ReadonlyMap<string, string>;
}

/** Fields that hold values: the lists and `raw_data`. */
const DATA_FIELDS = [4, 5, 7, 9, 10, 11];

/** The message with the change; what is not changed stays byte for byte. */
export async function rewriteTensor(reader: WireReader, span: Span, change: TensorChange): Promise<Piece[]> {
  const { dims, data, external } = change;
  const shape = once(() => (dims ?? []).map((length) => bytesPiece(intField(1, length))));
  const values = once(() => {
    if (data !== undefined) return piecesField(data.field, [data.piece]);
    return external === undefined ? [] : [bytesPiece(externalFields(external))];
  });
  // Where the values were in another file already, `data_location` says so; only the entries are new.
  const entries = once(() => {
    values();
    return [bytesPiece(concat(externalEntries(external!)))];
  });
  const replacesData = data !== undefined || external !== undefined;
  const rewritten = await rewriteMessage(
    reader,
    span,
    {
      ...(dims === undefined ? {} : { 1: shape }),
      ...(replacesData ? Object.fromEntries(DATA_FIELDS.map((field) => [field, values])) : {}),
      ...(external === undefined ? {} : { 13: entries }),
    },
    { last: () => [...(dims === undefined ? [] : shape()), ...(replacesData ? values() : [])] },
  );
  return rewritten ?? [copyPiece(span.source, span.begin, span.end)];
}

/** Gives its pieces the first time, nothing after that: of a repeated field the first is replaced, the others go. */
function once(make: () => Piece[]): () => Piece[] {
  let done = false;
  return () => {
    if (done) return [];
    done = true;
    return make();
  };
}
