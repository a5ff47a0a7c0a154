import type { Handlers, Span, WireField, WireReader } from '../../protobuf/index.js';
import { FIXED32, FIXED64, LENGTH_DELIMITED } from '../../protobuf/index.js';
import type { OnnxList, OnnxSparse, OnnxTensor } from './proto.js';
import { readPair } from './readPair.js';

/** More axes than this is not a tensor that any runtime takes. */
const MAX_AXES = 64;

/** TensorProto without its values: raw data and packed lists stay in the file. */
export async function readTensor(reader: WireReader, span: Span): Promise<OnnxTensor> {
  reader.keep(6, span);
  const tensor: OnnxTensor = {
    name: '',
    dataType: 0,
    dims: [],
    offset: span.begin,
    raw: null,
    floats: null,
    int32s: null,
    int64s: null,
    doubles: null,
    uint64s: null,
    strings: { count: 0, bytes: 0 },
    external: null,
    segmented: false,
  };
  const pairs = new Map<string, string>();
  let external = false;
  const list =
    (member: 'floats' | 'int32s' | 'int64s' | 'doubles' | 'uint64s'): Handlers[number] =>
    (field) => {
      tensor[member] ??= { pieces: [], loose: [] };
      addToList(reader, tensor[member], field, span, member === 'uint64s');
    };
  await reader.message(span, {
    1: (field) => field.pushInts(tensor.dims, MAX_AXES),
    2: (field) => {
      tensor.dataType = field.int();
    },
    3: () => {
      tensor.segmented = true;
    },
    4: list('floats'),
    5: list('int32s'),
    6: (field) => {
      tensor.strings.count++;
      tensor.strings.bytes += field.end - field.begin;
    },
    7: list('int64s'),
    8: (field) => {
      tensor.name = field.text();
    },
    9: (field) => {
      tensor.raw = place(field);
    },
    10: list('doubles'),
    11: list('uint64s'),
    13: async (field) => {
      const [key, value] = await readPair(reader, field.span());
      pairs.set(key, value);
    },
    14: (field) => {
      external = field.int() === 1;
    },
  });
  if (external) tensor.external = pairs;
  return tensor;
}

/** SparseTensorProto: the values that are not zero, and where they belong. */
export async function readSparse(reader: WireReader, span: Span): Promise<OnnxSparse> {
  const sparse: OnnxSparse = { values: null, indices: null, dims: [], offset: span.begin };
  await reader.message(span, {
    1: async (field) => {
      sparse.values = await readTensor(reader, field.span());
    },
    2: async (field) => {
      sparse.indices = await readTensor(reader, field.span());
    },
    3: (field) => field.pushInts(sparse.dims, MAX_AXES),
  });
  return sparse;
}

/** Adds a packed piece by its place, or a single element by its value. */
export function addToList(reader: WireReader, list: OnnxList, field: WireField, span: Span, unsigned = false): void {
  reader.keep(1, span);
  if (field.wire === LENGTH_DELIMITED) list.pieces.push(place(field));
  else if (field.wire === FIXED32) list.loose.push(field.float());
  else if (field.wire === FIXED64) list.loose.push(field.double());
  else list.loose.push(unsigned ? field.uint() : field.int());
}

/** The payload without its bytes in memory, so that the window it lies in can go. */
function place(field: WireField): Span {
  const { source, begin, end } = field.span();
  return { source, begin, end };
}
