import type { AttributeValue } from '../../graph.js';
import type { Span, WireField, WireReader } from '../../protobuf/index.js';
import { type Constant, readConstant } from './constant.js';
import { dataType } from './dataType.js';
import type { FunctionDef, GraphDef, KnownShape, NodeDef } from './nodeDef.js';
import { readShapeProto } from './tensorShape.js';

/** A graph with the values of its Const nodes, which are told apart by their node. */
export interface GraphWithConstants extends GraphDef {
  readonly constants: ReadonlyMap<NodeDef, Constant>;
}

/** Longest list or text of an attribute that is kept. */
const MAX_LIST = 256;
const MAX_TEXT = 1024;

/** Reads a GraphDef: node = 1, library = 2. Source: tensorflow/core/framework/graph.proto, node_def.proto, function.proto. */
export async function readGraphDef(reader: WireReader, span: Span): Promise<GraphWithConstants> {
  const nodes: NodeDef[] = [];
  const functions = new Map<string, FunctionDef>();
  const constants = new Map<NodeDef, Constant>();
  await reader.message(span, {
    1: async (field) => {
      nodes.push(await readNode(reader, field.span(), constants));
    },
    2: (field) =>
      reader.message(field.span(), {
        1: async (inner) => {
          const body = await readFunction(reader, inner.span(), constants);
          functions.set(body.name, body);
        },
      }),
  });
  return { nodes, functions, constants };
}

async function readFunction(reader: WireReader, span: Span, constants: Map<NodeDef, Constant>): Promise<FunctionDef> {
  let name = '';
  const inputs: string[] = [];
  const outputs: string[] = [];
  const returned = new Map<string, string>();
  const nodes: NodeDef[] = [];
  const argument = (into: string[]) => (field: WireField) =>
    reader.message(field.span(), {
      1: (inner) => {
        reader.keep(1, span);
        into.push(inner.text());
      },
    });
  await reader.message(span, {
    1: (field) =>
      reader.message(field.span(), {
        1: (inner) => {
          name = inner.text();
        },
        2: argument(inputs),
        3: argument(outputs),
      }),
    3: async (field) => {
      nodes.push(await readNode(reader, field.span(), constants));
    },
    4: async (field) => {
      const [key, value] = await readPair(reader, field.span());
      returned.set(key, value);
    },
  });
  return { name, arguments: inputs, results: outputs.map((output) => returned.get(output) ?? output), nodes };
}

/** An entry of a map from text to text. */
async function readPair(reader: WireReader, span: Span): Promise<[string, string]> {
  let key = '';
  let value = '';
  reader.keep(1, span);
  await reader.message(span, {
    1: (field) => {
      key = field.text();
    },
    2: (field) => {
      value = field.text();
    },
  });
  return [key, value];
}

async function readNode(reader: WireReader, span: Span, constants: Map<NodeDef, Constant>): Promise<NodeDef> {
  let name = '';
  let op = '';
  let constant: Constant | undefined;
  const inputs: string[] = [];
  const attributes: [string, AttributeValue][] = [];
  const functions = new Map<string, string>();
  let outputShapes: readonly KnownShape[] = [];
  reader.keep(1, span);
  await reader.message(span, {
    1: (field) => {
      name = field.text();
    },
    2: (field) => {
      op = field.text();
    },
    3: (field) => {
      reader.keep(1, span);
      const input = field.text();
      if (!input.startsWith('^')) inputs.push(input);
    },
    5: async (field) => {
      reader.keep(1, span);
      const { key, value } = await readAttribute(reader, field.span());
      if (value.constant !== undefined && key === 'value') constant = value.constant;
      if (key === '_output_shapes' && value.shapes !== undefined) outputShapes = value.shapes;
      else if (key === 'shape' && value.shape !== undefined && outputShapes.length === 0) outputShapes = [value.shape];
      if (value.plain !== undefined) attributes.push([key, value.plain]);
      for (const [index, called] of (value.functions ?? []).entries())
        functions.set(index === 0 ? key : `${key}[${index}]`, called);
    },
  });
  const node: NodeDef = { name, op, inputs, attributes: Object.fromEntries(attributes), functions, outputShapes };
  if (constant !== undefined && op === 'Const') constants.set(node, constant);
  return node;
}

interface Attribute {
  plain?: AttributeValue;
  shape?: KnownShape;
  shapes?: KnownShape[];
  functions?: string[];
  constant?: Constant;
}

async function readAttribute(reader: WireReader, span: Span): Promise<{ key: string; value: Attribute }> {
  let key = '';
  const value: Attribute = {};
  await reader.message(span, {
    1: (field) => {
      key = field.text();
    },
    2: (field) => readValue(reader, field.span(), value),
  });
  return { key, value };
}

/** AttrValue, source: tensorflow/core/framework/attr_value.proto. */
async function readValue(reader: WireReader, span: Span, value: Attribute): Promise<void> {
  await reader.message(span, {
    1: (field) => readList(reader, field.span(), value),
    2: (field) => {
      if (field.end - field.begin <= MAX_TEXT) value.plain = field.text();
    },
    3: (field) => {
      value.plain = field.int();
    },
    4: (field) => {
      value.plain = field.float();
    },
    5: (field) => {
      value.plain = field.bool();
    },
    6: (field) => {
      value.plain = typeName(field.int());
    },
    7: async (field) => {
      const shape = await readShapeProto(reader, field.span());
      value.shape = shape;
      if (shape !== null) value.plain = shape.map((axis) => axis ?? -1);
    },
    8: async (field) => {
      value.constant = await readConstant(reader, field.span());
    },
    10: async (field) => {
      value.functions = [await readName(reader, field.span())];
    },
  });
}

async function readList(reader: WireReader, span: Span, value: Attribute): Promise<void> {
  const texts: string[] = [];
  const numbers: number[] = [];
  const types: number[] = [];
  const shapes: KnownShape[] = [];
  const functions: string[] = [];
  await reader.message(span, {
    2: (field) => {
      if (texts.length < MAX_LIST && field.end - field.begin <= MAX_TEXT) texts.push(field.text());
    },
    3: (field) => {
      if (numbers.length < MAX_LIST) field.pushInts(numbers, 65_536);
    },
    4: (field) => {
      if (numbers.length < MAX_LIST) field.pushFloats(numbers, 65_536);
    },
    6: (field) => {
      if (types.length < MAX_LIST) field.pushInts(types, 65_536);
    },
    7: async (field) => {
      if (shapes.length < MAX_LIST) shapes.push(await readShapeProto(reader, field.span()));
    },
    9: async (field) => {
      if (functions.length < MAX_LIST) functions.push(await readName(reader, field.span()));
    },
  });
  if (shapes.length > 0) value.shapes = shapes;
  if (functions.length > 0) value.functions = functions;
  if (texts.length > 0) value.plain = texts;
  else if (numbers.length > 0 && numbers.length <= MAX_LIST) value.plain = numbers;
  else if (types.length > 0 && types.length <= MAX_LIST) value.plain = types.map(typeName);
}

/** NameAttrList: name = 1. */
async function readName(reader: WireReader, span: Span): Promise<string> {
  let name = '';
  await reader.message(span, {
    1: (field) => {
      name = field.text();
    },
  });
  return name;
}

const typeName = (value: number): string => `DT_${dataType(value).name.toUpperCase()}`;
