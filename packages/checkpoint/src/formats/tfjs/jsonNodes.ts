import type { AttributeValue } from '../../graph.js';
import { asList, asRecord, asText, isRecord, type JsonRecord, own } from '../../json.js';
import type { FunctionDef, GraphDef, KnownShape, NodeDef } from '../tensorflow/nodeDef.js';

/** A GraphDef in the JSON mapping of protobuf, as the TensorFlow.js converter writes it. Parts that make no sense are left out. */
export function readGraphDef(topology: JsonRecord): GraphDef {
  const functions = new Map<string, FunctionDef>();
  for (const entry of asList(own(asRecord(own(topology, 'library')), 'function'))) {
    const body = readFunction(asRecord(entry));
    if (body !== null) functions.set(body.name, body);
  }
  return { nodes: readNodes(own(topology, 'node')), functions };
}

function readFunction(record: JsonRecord): FunctionDef | null {
  const signature = asRecord(own(record, 'signature'));
  const name = asText(own(signature, 'name'));
  if (name === undefined) return null;
  const returned = asRecord(own(record, 'ret'));
  return {
    name,
    arguments: names(own(signature, 'inputArg')),
    results: names(own(signature, 'outputArg')).map((result) => asText(own(returned, result)) ?? result),
    nodes: readNodes(own(record, 'nodeDef')),
  };
}

const names = (list: unknown): string[] => asList(list).map((entry) => asText(own(asRecord(entry), 'name')) ?? '');

function readNodes(list: unknown): NodeDef[] {
  const nodes: NodeDef[] = [];
  for (const entry of asList(list)) {
    const record = asRecord(entry);
    const name = asText(own(record, 'name'));
    const op = asText(own(record, 'op'));
    if (name === undefined || op === undefined) continue;
    const attr = asRecord(own(record, 'attr'));
    nodes.push({
      name,
      op,
      inputs: asList(own(record, 'input')).filter(
        (input): input is string => typeof input === 'string' && !input.startsWith('^'),
      ),
      attributes: readAttributes(attr),
      functions: readFunctions(attr),
      outputShapes: readOutputShapes(attr),
    });
  }
  return nodes;
}

function readAttributes(attr: JsonRecord): Record<string, AttributeValue> {
  const found: [string, AttributeValue][] = [];
  for (const [name, claim] of Object.entries(attr)) {
    const value = name.startsWith('_output_shapes') ? undefined : readAttribute(asRecord(claim));
    if (value !== undefined) found.push([name, value]);
  }
  return Object.fromEntries(found);
}

/** Longest list of numbers or texts that an attribute shows. */
const MAX_LIST = 256;

function readAttribute(claim: JsonRecord): AttributeValue | undefined {
  for (const [kind, value] of Object.entries(claim)) {
    switch (kind) {
      case 's':
        return textOf(value);
      case 'i':
      case 'f':
        return numberOf(value);
      case 'b':
        return value === true;
      case 'type':
        return typeof value === 'string' ? value : undefined;
      case 'shape':
        return readShape(value)?.map((axis) => axis ?? -1);
      case 'list':
        return readList(asRecord(value));
      default:
    }
  }
  return undefined;
}

function readList(list: JsonRecord): AttributeValue | undefined {
  for (const [kind, items] of Object.entries(list)) {
    if (!Array.isArray(items) || items.length > MAX_LIST) continue;
    if (kind === 'i' || kind === 'f') return items.map(numberOf);
    if (kind === 's') return items.map((item) => textOf(item) ?? '');
    if (kind === 'type') return items.filter((item) => typeof item === 'string');
  }
  return undefined;
}

/** JSON writes 64-bit integers as texts, and non-finite floats as well. */
const numberOf = (value: unknown): number =>
  typeof value === 'number' || typeof value === 'string' ? Number(value) : Number.NaN;

/** Bytes: base64, or in early converters a list of codes. */
function textOf(value: unknown): string | undefined {
  if (Array.isArray(value))
    return String.fromCharCode(...value.slice(0, 1024).map((code) => (typeof code === 'number' ? code & 255 : 0)));
  if (typeof value !== 'string' || value.length > 4096) return undefined;
  try {
    return atob(value);
  } catch {
    return value;
  }
}

function readFunctions(attr: JsonRecord): Map<string, string> {
  const functions = new Map<string, string>();
  for (const [name, claim] of Object.entries(attr)) {
    const called = asText(own(asRecord(own(asRecord(claim), 'func')), 'name'));
    if (called !== undefined) functions.set(name, called);
    const branches = own(asRecord(own(asRecord(claim), 'list')), 'func');
    for (const [index, branch] of asList(branches).entries()) {
      const label = asText(own(asRecord(branch), 'name'));
      if (label !== undefined) functions.set(`${name}[${index}]`, label);
    }
  }
  return functions;
}

function readOutputShapes(attr: JsonRecord): KnownShape[] {
  const stated = own(asRecord(own(asRecord(own(attr, '_output_shapes')), 'list')), 'shape');
  if (Array.isArray(stated)) return stated.slice(0, MAX_LIST).map(readShape);
  const single = own(asRecord(own(attr, 'shape')), 'shape');
  return single === undefined ? [] : [readShape(single)];
}

/** `{dim: [{size: "-1"}, …]}`; `{}` is a scalar, `unknownRank` is unknown. */
export function readShape(claim: unknown): KnownShape {
  if (!isRecord(claim) || own(claim, 'unknownRank') === true) return null;
  const dim = asList(own(claim, 'dim'));
  if (dim.length > 32) return null;
  return dim.map((axis) => {
    const size = numberOf(own(asRecord(axis), 'size') ?? 0);
    return Number.isSafeInteger(size) && size >= 0 ? size : null;
  });
}
