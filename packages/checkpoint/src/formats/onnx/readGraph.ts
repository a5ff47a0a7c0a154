import type { Handlers, Span, WireField, WireReader } from '../../protobuf/index.js';
import { LENGTH_DELIMITED } from '../../protobuf/index.js';
import type { OnnxAttribute, OnnxGraph, OnnxList, OnnxNode, OnnxValue } from './proto.js';
import { addToList, readSparse, readTensor } from './readTensor.js';

/** Texts of an attribute that are kept for the graph; the rest is counted. */
const KEPT_TEXTS = 64;
/** Longest name of an axis that is kept. */
const MAX_SYMBOL = 100;
/** Packed lists of an attribute up to this size are parameters such as strides; longer ones are weights and stay in the file. */
const SHORT_LIST_BYTES = 512;

/** GraphProto: the main graph, a branch of an If, a body of a Loop or Scan. */
export async function readGraph(reader: WireReader, span: Span): Promise<OnnxGraph> {
  reader.keep(8, span);
  const graph: OnnxGraph = { name: '', nodes: [], initializers: [], sparse: [], inputs: [], outputs: [], values: [] };
  await reader.message(span, {
    1: async (field) => {
      graph.nodes.push(await readNode(reader, field.span()));
    },
    2: (field) => {
      graph.name = field.text();
    },
    5: async (field) => {
      graph.initializers.push(await readTensor(reader, field.span()));
    },
    11: async (field) => {
      graph.inputs.push(await readValue(reader, field.span()));
    },
    12: async (field) => {
      graph.outputs.push(await readValue(reader, field.span()));
    },
    13: async (field) => {
      graph.values.push(await readValue(reader, field.span()));
    },
    15: async (field) => {
      graph.sparse.push(await readSparse(reader, field.span()));
    },
  });
  return graph;
}

/** NodeProto: an operator with its attributes. */
export async function readNode(reader: WireReader, span: Span): Promise<OnnxNode> {
  reader.keep(4, span);
  const node: OnnxNode = {
    offset: span.begin,
    name: '',
    operator: '',
    domain: '',
    inputs: [],
    outputs: [],
    attributes: [],
  };
  await reader.message(span, {
    1: (field) => {
      reader.keep(1, span);
      node.inputs.push(field.text());
    },
    2: (field) => {
      reader.keep(1, span);
      node.outputs.push(field.text());
    },
    3: (field) => {
      node.name = field.text();
    },
    4: (field) => {
      node.operator = field.text();
    },
    5: async (field) => {
      node.attributes.push(await readAttribute(reader, field.span()));
    },
    7: (field) => {
      node.domain = field.text();
    },
  });
  return node;
}

async function readAttribute(reader: WireReader, span: Span): Promise<OnnxAttribute> {
  reader.keep(2, span);
  const attribute: OnnxAttribute = { name: '', offset: span.begin, tensors: [], graphs: [] };
  const texts: string[] = [];
  let count = 0;
  let bytes = 0;
  let type = 0;
  const list =
    (member: 'floats' | 'ints'): Handlers[number] =>
    (field) => {
      attribute[member] ??= { pieces: [], loose: [] };
      addShort(reader, attribute[member], member, field, span);
    };
  await reader.message(span, {
    1: (field) => {
      attribute.name = field.text();
    },
    2: (field) => {
      attribute.float = field.float();
    },
    3: (field) => {
      attribute.int = field.int();
    },
    4: (field) => {
      attribute.text = field.payload === undefined ? `(${field.end - field.begin} bytes)` : field.text();
    },
    5: async (field) => {
      attribute.tensor = await readTensor(reader, field.span());
    },
    6: async (field) => {
      attribute.graphs.push(await readGraph(reader, field.span()));
    },
    7: list('floats'),
    8: list('ints'),
    9: (field) => {
      count++;
      bytes += field.end - field.begin;
      if (count > KEPT_TEXTS || field.payload === undefined) return;
      reader.keep(1, span);
      texts.push(field.text());
    },
    10: async (field) => {
      attribute.tensors.push(await readTensor(reader, field.span()));
    },
    11: async (field) => {
      attribute.graphs.push(await readGraph(reader, field.span()));
    },
    20: (field) => {
      type = field.int();
    },
    22: async (field) => {
      attribute.sparse = await readSparse(reader, field.span());
    },
  });
  if (count > 0) attribute.strings = { count, bytes, texts };
  // Writers of proto3 leave out zeros and empty lists; the type tells what was meant.
  if (type === 1) attribute.float ??= 0;
  if (type === 2) attribute.int ??= 0;
  if (type === 6) attribute.floats ??= { pieces: [], loose: [] };
  if (type === 7) attribute.ints ??= { pieces: [], loose: [] };
  return attribute;
}

/** Like `addToList`, but short packed lists come into memory. */
function addShort(reader: WireReader, list: OnnxList, member: 'floats' | 'ints', field: WireField, span: Span): void {
  if (field.wire !== LENGTH_DELIMITED || field.end - field.begin > SHORT_LIST_BYTES) {
    addToList(reader, list, field, span);
    return;
  }
  reader.keep(field.end - field.begin, span);
  if (member === 'floats') field.pushFloats(list.loose, Number.POSITIVE_INFINITY);
  else field.pushInts(list.loose, Number.POSITIVE_INFINITY);
}

/** ValueInfoProto with the shape of its tensor type; sequences, maps and optionals have none. */
async function readValue(reader: WireReader, span: Span): Promise<OnnxValue> {
  const value: OnnxValue = { name: '', elementType: 0, shape: null };
  reader.keep(2, span);
  const tensorType: Handlers = {
    1: (field) => {
      value.elementType = field.int();
    },
    2: async (field) => {
      const shape: (number | null)[] = [];
      const symbols: (string | null)[] = [];
      await reader.message(field.span(), {
        1: async (dimension) => {
          let length: number | null = null;
          let symbol: string | null = null;
          await reader.message(dimension.span(), {
            1: (inner) => {
              length = inner.int();
            },
            2: (inner) => {
              symbol = inner.text().slice(0, MAX_SYMBOL) || null;
            },
          });
          reader.keep(1, span);
          symbols.push(symbol);
          shape.push(length !== null && Number.isSafeInteger(length) && length >= 0 ? length : null);
        },
      });
      value.shape = shape;
      if (symbols.some((symbol) => symbol !== null)) value.symbols = symbols;
    },
  };
  await reader.message(span, {
    1: (field) => {
      value.name = field.text();
    },
    2: (field) =>
      reader.message(field.span(), {
        1: (inner) => reader.message(inner.span(), tensorType),
        8: (inner) => reader.message(inner.span(), tensorType),
      }),
  });
  return value;
}
