import type { AttributeValue } from '../../graph.js';

/** Sizes of the axes; null is unknown. A null shape has an unknown rank. */
export type KnownShape = readonly (number | null)[] | null;

/** A TensorFlow node, from protobuf or from the JSON of TensorFlow.js. Source: tensorflow/core/framework/node_def.proto. */
export interface NodeDef {
  readonly name: string;
  readonly op: string;
  /** As written (`x`, `x:1`, `x:output:0`); control inputs are left out. */
  readonly inputs: readonly string[];
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  /** Functions that it names, by attribute: `f`, `body`, `cond`, `then_branch`, `else_branch`. */
  readonly functions: ReadonlyMap<string, string>;
  /** Where the node states them (`_output_shapes`, `shape` of a placeholder). */
  readonly outputShapes: readonly KnownShape[];
}

export interface FunctionDef {
  readonly name: string;
  readonly arguments: readonly string[];
  /** References within the body, in the order of the signature. */
  readonly results: readonly string[];
  readonly nodes: readonly NodeDef[];
}

export interface GraphDef {
  readonly nodes: readonly NodeDef[];
  readonly functions: ReadonlyMap<string, FunctionDef>;
}

/** `name`, `name:1` (graphs) or `name:argument:1` (function bodies). Output 0 of a graph is the bare name. */
export interface Reference {
  readonly node: string;
  readonly index: number;
  /** The value's name within its scope. */
  readonly value: string;
}

export function parseReference(text: string): Reference {
  const first = text.indexOf(':');
  if (first < 0) return { node: text, index: 0, value: text };
  const node = text.slice(0, first);
  const rest = text.slice(first + 1);
  const index = Number(rest.slice(rest.lastIndexOf(':') + 1));
  const known = Number.isSafeInteger(index) && index >= 0 ? index : 0;
  return { node, index: known, value: rest === '0' ? node : text };
}
