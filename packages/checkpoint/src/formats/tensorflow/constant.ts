import { type Fault, type Shape, sizeOf } from '@espalier/base';
import { byteLength, type Dtype, decodeValues, type Values } from '@espalier/tensor';
import type { TensorData, TensorEntry } from '../../checkpoint.js';
import { isLength } from '../../json.js';
import { brief } from '../../names.js';
import {
  LENGTH_DELIMITED,
  readSpan,
  type Span,
  spanLength,
  VARINT,
  WireField,
  type WireReader,
} from '../../protobuf/index.js';
import { type DataType, dataType } from './dataType.js';
import { readShapeProto } from './tensorShape.js';

/** The value of a Const node. Nothing of it is in memory but where it is. */
export interface Constant {
  readonly type: DataType;
  /** null: it does not say a shape that can be. */
  readonly shape: Shape | null;
  /** All elements as they lie in memory. */
  readonly content: Span | null;
  /** Elements in the fields of their type, packed; fewer than there are elements: the last one repeats. */
  readonly packed: readonly Span[];
  readonly encoding: Encoding | null;
}

/** How the elements of a typed field are written: as they lie in memory, or one varint each. */
type Encoding = 'fixed' | 'varint';

/** Fields of TensorProto with values. Source: tensorflow/core/framework/tensor.proto. */
const FIELDS: Readonly<Record<number, Encoding>> = {
  5: 'fixed',
  6: 'fixed',
  7: 'varint',
  9: 'fixed',
  10: 'varint',
  11: 'varint',
  12: 'fixed',
  13: 'varint',
  16: 'varint',
  17: 'varint',
  18: 'fixed',
};
/** Pieces into which a writer may split the values. TensorFlow writes one. */
const MAX_PIECES = 10_000;

/** Reads a TensorProto: dtype = 1, tensor_shape = 2, tensor_content = 4, and one field of values for each type. */
export async function readConstant(reader: WireReader, span: Span): Promise<Constant> {
  let type = dataType(0);
  let shape: Shape | null = [];
  let content: Span | null = null;
  let encoding: Encoding | null = null;
  const packed: Span[] = [];
  const values = (as: Encoding) => (field: WireField) => {
    encoding = as;
    // An unpacked value (old writers) is a piece of its own; its bytes are those of the varint or the number.
    packed.push(placeOf(field));
    if (packed.length > MAX_PIECES) field.malformed('A constant is written in too many pieces');
  };
  await reader.message(span, {
    1: (field) => {
      type = dataType(field.int());
    },
    2: async (field) => {
      const stated = await readShapeProto(reader, field.span());
      shape =
        stated?.every(isLength) === true && isLength(sizeOf(stated as number[]) * 16) ? (stated as number[]) : null;
    },
    4: (field) => {
      content = placeOf(field);
    },
    ...Object.fromEntries(Object.entries(FIELDS).map(([number, as]) => [number, values(as)])),
  });
  return { type, shape, content, packed, encoding };
}

/** Where a payload is, without the view of the reader's window, which does not last. */
function placeOf(field: WireField): Span {
  if (field.wire !== LENGTH_DELIMITED)
    return field.malformed('A constant has its values one by one, which cannot be read yet');
  const { source, begin, end } = field.span();
  return { source, begin, end };
}

/** A constant as an entry of the checkpoint. */
export function constantEntry(name: string, constant: Constant, file: string): TensorEntry {
  const shape = constant.shape ?? [];
  const elements = constant.shape === null ? 0 : sizeOf(shape);
  const text = constant.type.logical === 'STRING';
  const stored =
    constant.content === null
      ? constant.packed.reduce((sum, piece) => sum + spanLength(piece), 0)
      : spanLength(constant.content);
  return {
    name,
    dtype: constant.type.logical,
    storage: constant.type.name,
    shape,
    elements,
    // A splat is counted as the array that it stands for, as the reference does.
    bytes: constant.type.stored === null ? stored : byteLength(constant.type.stored, elements),
    data: constant.shape === null ? impossible(name, file) : dataOf(name, constant, elements, file),
    ...(text ? { roleHint: 'text' as const } : {}),
  };
}

function impossible(name: string, file: string): TensorData {
  const fault: Fault = {
    code: 'checkpoint/header-malformed',
    file,
    message: `The constant ${brief(name)} has no shape that can be.`,
  };
  return { kind: 'none', why: 'unreadable', fault };
}

function dataOf(
  name: string,
  { type, content, packed, encoding }: Constant,
  elements: number,
  file: string,
): TensorData {
  if (elements === 0) return { kind: 'none', why: 'empty' };
  if (type.logical === 'STRING') return { kind: 'none', why: 'text' };
  const dtype = type.stored;
  if (dtype === null) return { kind: 'none', why: 'unsupported' };
  const needed = byteLength(dtype, elements);
  const whole =
    content ?? (encoding === 'fixed' && packed.length === 1 && spanLength(packed[0]!) === needed ? packed[0]! : null);
  if (whole === null) return filled(packed, encoding ?? 'fixed', dtype);
  if (spanLength(whole) === needed) return { kind: 'raw', dtype, source: whole.source, begin: whole.begin };
  const fault: Fault = {
    code: 'checkpoint/size-mismatch',
    file,
    offset: whole.begin,
    expected: needed,
    found: spanLength(whole),
    message: `The constant ${brief(name)} needs ${needed} bytes and has ${spanLength(whole)}.`,
  };
  return { kind: 'none', why: 'unreadable', fault };
}

/** Constants written as varints are small; a larger one is read up to here. */
const MAX_PACKED_BYTES = 64 * 1024 * 1024;

/** Values that are stored in the field of their type: as many as are there, then the last one again and again; none at all are zeros. */
function filled(packed: readonly Span[], encoding: Encoding, dtype: Dtype): TensorData {
  let stored: Promise<Values> | undefined;
  return {
    kind: 'decoded',
    blockElements: 1,
    async read(begin, count, signal) {
      stored ??= readStored(packed, encoding, dtype, signal).catch((error: unknown) => {
        stored = undefined;
        throw error;
      });
      const values = await stored;
      const last = values.at(-1) ?? 0;
      const out = values instanceof Float64Array ? new Float64Array(count) : new Float32Array(count);
      for (let i = 0; i < count; i++) out[i] = begin + i < values.length ? values[begin + i]! : last;
      return out;
    },
  };
}

async function readStored(
  packed: readonly Span[],
  encoding: Encoding,
  dtype: Dtype,
  signal: AbortSignal | undefined,
): Promise<Values> {
  const pieces: Uint8Array[] = [];
  let left = MAX_PACKED_BYTES;
  for (const piece of packed) {
    const bytes = await readSpan(piece, left, signal);
    left -= bytes.length;
    pieces.push(bytes);
  }
  const width = byteLength(dtype, 1);
  if (encoding === 'fixed') {
    const bytes = joined(pieces);
    const count = Math.floor(bytes.length / width);
    return decodeValues(dtype, bytes.slice(0, count * width), count);
  }
  return fromVarints(packed, pieces, dtype, width);
}

/** Each varint is the bit pattern of an element (float16 and bfloat16 as well), sign-extended to 64 bits. */
function fromVarints(packed: readonly Span[], pieces: readonly Uint8Array[], dtype: Dtype, width: number): Values {
  const elements: number[] = [];
  for (const [index, bytes] of pieces.entries()) {
    const field = new WireField(packed[index]!.source);
    field.wire = VARINT;
    for (let at = 0; at < bytes.length; ) {
      at = field.varint(bytes, at, bytes.length);
      const pattern = [field.low, field.high];
      for (let byte = 0; byte < width; byte++) elements.push((pattern[byte >> 2]! >>> (8 * (byte & 3))) & 255);
    }
  }
  return decodeValues(dtype, Uint8Array.from(elements), elements.length / width);
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    out.set(piece, at);
    at += piece.length;
  }
  return out;
}
