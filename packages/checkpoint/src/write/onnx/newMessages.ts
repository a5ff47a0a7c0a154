import { dataTypeOf } from '../../formats/onnx/elementType.js';
import type { OutputTensor } from '../output.js';
import { bytesPiece, type Piece, tensorPiece } from '../pieces.js';
import { bytesField, intField, piecesField, textField } from '../protoBytes.js';
import { concat } from '../zipWriter.js';
import type { NewAttribute, NewNode } from './graphEdits.js';

// AttributeProto.AttributeType of onnx.proto.
const FLOAT = 1;
const INT = 2;
const STRING = 3;
const INTS = 7;

/** TensorProto, its data in place or, with `external`, in another file. */
export function tensorMessage(
  name: string,
  tensor: Pick<OutputTensor, 'dtype' | 'shape' | 'byteLength' | 'windows'>,
  external: ReadonlyMap<string, string> | null = null,
): Piece[] {
  const head = concat([
    ...tensor.shape.map((length) => intField(1, length)),
    intField(2, dataTypeOf(tensor.dtype)),
    textField(8, name),
  ]);
  const data = external === null ? piecesField(9, [tensorPiece(name, tensor)]) : [bytesPiece(externalFields(external))];
  return [bytesPiece(head), ...data];
}

/** `external_data` entries and the `data_location` that says they hold. */
export const externalFields = (external: ReadonlyMap<string, string>): Uint8Array =>
  concat([...externalEntries(external), intField(14, 1)]);

export const externalEntries = (external: ReadonlyMap<string, string>): Uint8Array[] =>
  [...external].map(([key, value]) => bytesField(13, pairMessage(key, value)));

/** StringStringEntryProto. */
export const pairMessage = (key: string, value: string): Uint8Array => concat([textField(1, key), textField(2, value)]);

/** NodeProto. */
export const nodeMessage = ({ name, operator, domain, inputs, outputs, attributes }: NewNode): Uint8Array =>
  concat([
    ...inputs.map((input) => textField(1, input)),
    ...outputs.map((output) => textField(2, output)),
    textField(3, name),
    textField(4, operator),
    ...Object.entries(attributes ?? {}).map(([key, value]) => bytesField(5, attributeMessage(key, value))),
    ...(domain === undefined ? [] : [textField(7, domain)]),
  ]);

/** AttributeProto. */
export function attributeMessage(name: string, value: NewAttribute): Uint8Array {
  const head = textField(1, name);
  const type = (number: number): Uint8Array => intField(20, number);
  if (typeof value === 'number') return concat([head, intField(3, value), type(INT)]);
  if (typeof value === 'string') return concat([head, textField(4, value), type(STRING)]);
  if ('float' in value) {
    const float = new Uint8Array(5);
    float[0] = 2 * 8 + 5;
    new DataView(float.buffer).setFloat32(1, value.float, true);
    return concat([head, float, type(FLOAT)]);
  }
  return concat([head, ...value.map((one) => intField(8, one)), type(INTS)]);
}
