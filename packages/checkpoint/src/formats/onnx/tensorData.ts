import { type Fault, FaultError, sizeOf } from '@espalier/base';
import { BITS, type ByteSource, byteLength, type Dtype, type Values } from '@espalier/tensor';
import type { DecodedData, TensorData } from '../../checkpoint.js';
import { brief } from '../../names.js';
import { type Span, spanLength } from '../../protobuf/index.js';
import { type ElementType, elementType } from './elementType.js';
import type { ExternalFiles } from './external.js';
import { pieceData } from './pieces.js';
import type { OnnxList, OnnxTensor } from './proto.js';
import { VarintData, valueOfVarint, valuesFor } from './varints.js';

/** Packed lists of integers up to this size are counted at once, so that a wrong one is seen before anyone reads it. */
const CHECKED_BYTES = 65_536;

/**
 * Where the values of a tensor are, and how many bytes they take. Integers of a packed list take as many bytes as their value needs; they are counted at the
 * width of their type, so that the same tensor has the same size however it was written.
 */
export interface Placed {
  readonly data: TensorData;
  readonly bytes: number;
}

/** What a tensor is read with. */
export interface Place {
  readonly source: ByteSource;
  readonly external: ExternalFiles;
  readonly signal: AbortSignal | undefined;
}

/**
 * Finds the values of a TensorProto: raw data, a packed list or another file. Whatever is wrong with them makes this one tensor
 * unreadable; the fault is in the data.
 */
export async function placeTensor(tensor: OnnxTensor, name: string, place: Place): Promise<Placed> {
  const type = elementType(tensor.dataType);
  const elements = sizeOf(tensor.dims);
  if (type.dtype === 'STRING') return { data: none(elements === 0 ? 'empty' : 'text'), bytes: tensor.strings.bytes };
  if (type.dtype === 'UNKNOWN' || tensor.segmented) {
    const what = tensor.segmented ? 'is stored in segments' : `has the element type ${tensor.dataType}`;
    return {
      data: unsupported(name, place.source.name, tensor.offset, what),
      bytes: tensor.raw === null ? 0 : spanLength(tensor.raw),
    };
  }
  const needed = Math.ceil((elements * type.bits) / 8);
  if (tensor.external !== null) {
    if (elements === 0) return { data: none('empty'), bytes: 0 };
    const found = await place.external.place(tensor.external, needed, name);
    if (!found.ok) return { data: unreadable(found.fault), bytes: needed };
    return { data: rawData(type, found.value.source, found.value.begin), bytes: needed };
  }
  const mismatch = (expected: number, found: number, unit: string): Placed => ({
    data: unreadable({
      code: 'checkpoint/size-mismatch',
      file: place.source.name,
      offset: tensor.offset,
      expected,
      found,
      message: `Tensor ${brief(name)} (${type.storage}, ${tensor.dims.join('×') || 'scalar'}) needs ${expected} ${unit}, the file holds ${found}.`,
    }),
    bytes: found,
  });
  if (tensor.raw !== null) {
    if (spanLength(tensor.raw) !== needed) return mismatch(needed, spanLength(tensor.raw), 'bytes');
    if (elements === 0) return { data: none('empty'), bytes: 0 };
    return { data: rawData(type, place.source, tensor.raw.begin), bytes: needed };
  }
  const list = listOf(tensor, type);
  const bytes =
    list === null
      ? 0
      : list.pieces.reduce((sum, piece) => sum + spanLength(piece), 0) +
        list.loose.length * byteLength(type.layout ?? 'U8', 1);
  if (list === null || (bytes === 0 && list.loose.length === 0)) {
    return elements === 0 ? { data: none('empty'), bytes: 0 } : mismatch(needed, 0, 'bytes');
  }
  if (elements === 0) return mismatch(0, bytes, 'bytes');
  const placed = await placeList(list, type, elements, bytes, name, place, mismatch);
  return placed.data.kind === 'none' ? placed : { ...placed, bytes: needed };
}

async function placeList(
  list: OnnxList,
  type: ElementType,
  elements: number,
  bytes: number,
  name: string,
  place: Place,
  mismatch: (expected: number, found: number, unit: string) => Placed,
): Promise<Placed> {
  const dtype = type.dtype as Dtype;
  const perNumber = type.bits === 4 ? 2 : type.bits === 2 ? 4 : 1;
  if (list.loose.length > 0) {
    if (list.pieces.length > 0) {
      return {
        data: unsupported(name, place.source.name, list.pieces[0]!.begin, 'mixes packed numbers with single ones'),
        bytes,
      };
    }
    const numbers = Math.ceil(elements / perNumber) * (dtype === 'C64' || dtype === 'C128' ? 2 : 1);
    if (list.loose.length !== numbers) return mismatch(numbers, list.loose.length, 'numbers');
    return { data: looseData(list.loose, dtype, perNumber, elements), bytes };
  }
  if (dtype === 'F32' || dtype === 'F64' || dtype === 'C64' || dtype === 'C128') {
    const needed = byteLength(dtype, elements);
    if (bytes !== needed) return mismatch(needed, bytes, 'bytes');
    const [only, ...more] = list.pieces.filter((piece) => spanLength(piece) > 0);
    const data = more.length === 0 ? rawData(type, place.source, only!.begin) : pieceData(list.pieces, dtype);
    return { data, bytes };
  }
  const numbers = Math.ceil(elements / perNumber);
  if (bytes < numbers || bytes > 10 * numbers)
    return mismatch(numbers, bytes, bytes < numbers ? 'numbers' : 'numbers of at most 10 bytes');
  const data = new VarintData(list.pieces, { dtype, perNumber }, elements, name);
  if (bytes <= CHECKED_BYTES) {
    try {
      await data.check(place.signal);
    } catch (error) {
      if (error instanceof FaultError) return { data: unreadable(error.fault), bytes };
      throw error;
    }
  }
  return { data, bytes };
}

/** The list that a type is kept in when it is not raw data (onnx.proto, comments of TensorProto). */
function listOf(tensor: OnnxTensor, { dtype }: ElementType): OnnxList | null {
  switch (dtype) {
    case 'F32':
    case 'C64':
      return tensor.floats;
    case 'F64':
    case 'C128':
      return tensor.doubles;
    case 'I64':
      return tensor.int64s;
    case 'U32':
    case 'U64':
      return tensor.uint64s;
    default:
      return tensor.int32s;
  }
}

function rawData(type: ElementType, source: ByteSource, begin: number): TensorData {
  if (type.layout !== null) return { kind: 'raw', dtype: type.layout, source, begin };
  return twoBitData(source, begin, type.dtype as Dtype);
}

/** INT2 and UINT2: four values a byte, the first in the lowest bits. */
function twoBitData(source: ByteSource, begin: number, dtype: Dtype): DecodedData {
  return {
    kind: 'decoded',
    blockElements: 4,
    async read(from, count, signal): Promise<Values> {
      const first = Math.floor(from / 4);
      const bytes = await source.read(begin + first, Math.ceil((from + count) / 4) - first, signal);
      const out = new Float32Array(count);
      for (let i = 0; i < count; i++) {
        const at = from + i;
        out[i] = valueOfVarint({ dtype, perNumber: 4 }, bytes[(at >> 2) - first]!, 0, at & 3);
      }
      return out;
    },
  };
}

/** Numbers that were written one by one and are in memory already. */
export function looseData(loose: readonly number[], dtype: Dtype, perNumber: number, elements: number): DecodedData {
  const values = valuesFor(dtype, elements);
  if (dtype === 'C64' || dtype === 'C128') {
    for (let i = 0; i < elements; i++) values[i] = Math.hypot(loose[2 * i]!, loose[2 * i + 1]!);
  } else if (BITS[dtype] === 64 || dtype === 'F32') {
    for (let i = 0; i < elements; i++) values[i] = loose[i]!;
  } else {
    for (let i = 0; i < elements; i++)
      values[i] = valueOfVarint({ dtype, perNumber }, loose[Math.floor(i / perNumber)]!, 0, i % perNumber);
  }
  return { kind: 'decoded', blockElements: 1, read: async (begin, count) => values.slice(begin, begin + count) };
}

/** Data of a list that an attribute keeps (`value_floats`, `value_ints` of a Constant). */
export async function placeAttributeList(
  list: OnnxList,
  dtype: 'F32' | 'I64',
  name: string,
  place: Place,
): Promise<Placed & { elements: number }> {
  if (list.pieces.length === 0) {
    const elements = list.loose.length;
    const bytes = elements * byteLength(dtype, 1);
    return { data: elements === 0 ? none('empty') : looseData(list.loose, dtype, 1, elements), bytes, elements };
  }
  const bytes = list.pieces.reduce((sum, piece) => sum + spanLength(piece), 0);
  const type = elementType(dtype === 'F32' ? 1 : 7);
  const elements = dtype === 'F32' ? Math.floor(bytes / 4) : await countVarints(list.pieces, place.signal);
  const placed = await placeList(list, type, elements, bytes, name, place, (expected, found) => ({
    data: unreadable({
      code: 'checkpoint/size-mismatch',
      file: place.source.name,
      offset: list.pieces[0]!.begin,
      expected,
      found,
      message: `The list of ${brief(name)} is cut off.`,
    }),
    bytes,
  }));
  return { ...placed, bytes: elements * byteLength(dtype, 1), elements };
}

async function countVarints(pieces: readonly Span[], signal: AbortSignal | undefined): Promise<number> {
  let numbers = 0;
  for (const { source, begin, end } of pieces) {
    for (let offset = begin; offset < end; offset += CHECKED_BYTES) {
      for (const byte of await source.read(offset, Math.min(CHECKED_BYTES, end - offset), signal))
        if (byte < 128) numbers++;
    }
  }
  return numbers;
}

export const none = (why: 'empty' | 'text'): TensorData => ({ kind: 'none', why });

function unsupported(name: string, file: string, offset: number, what: string): TensorData {
  const message = `Tensor ${brief(name)} ${what}. It has no values here.`;
  return { kind: 'none', why: 'unsupported', fault: { code: 'checkpoint/unsupported-tensor', file, offset, message } };
}

export const unreadable = (fault: Fault): TensorData => ({ kind: 'none', why: 'unreadable', fault });
