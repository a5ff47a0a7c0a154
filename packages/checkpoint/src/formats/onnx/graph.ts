import type { AttributeValue, Graph, GraphNode, GraphValue } from '../../graph.js';
import type { FoundNode } from './collect.js';
import { elementType } from './elementType.js';
import type { Links } from './links.js';
import type { OnnxAttribute } from './proto.js';

/** Longer lists are tables, not parameters; they would only fill memory. */
const MAX_LIST = 256;
const MAX_TEXT = 1_000;

/** The graph in the common vocabulary. Nodes of subgraphs follow in the order in which they were found. */
export function toGraph(links: Links): Graph {
  const { collected } = links;
  const values = new Map<string, GraphValue>();
  for (const [name, { shape, symbols, elementType: type }] of collected.values) {
    values.set(name, {
      shape,
      ...(type === 0 ? {} : { dtype: elementType(type).dtype }),
      ...(symbols === undefined ? {} : { symbols }),
    });
  }
  for (const node of collected.nodes) {
    for (const name of [...node.inputs, ...node.outputs]) {
      if (name === '') continue;
      const behind = links.tensor(name);
      const known = values.get(name);
      if (behind === undefined) {
        if (known === undefined) values.set(name, { shape: null });
        continue;
      }
      const { draft, permutation } = behind;
      const shape = permutation === null ? draft.shape : permutation.map((axis) => draft.shape[axis]!);
      values.set(name, { shape, dtype: known?.dtype ?? draft.dtype, tensor: draft.name });
    }
  }
  for (const draft of links.drafts.values()) {
    // A constant may be an output that no node reads: then its shape is stated as well.
    const known = values.get(draft.name);
    if (known?.tensor === undefined)
      values.set(draft.name, { shape: draft.shape, dtype: known?.dtype ?? draft.dtype, tensor: draft.name });
  }
  const { inputs, outputs } = collected;
  return { nodes: collected.nodes.map(toNode), values, inputs, outputs, dialect: 'onnx' };
}

function toNode({ node, name, inputs, outputs, path, bodies }: FoundNode): GraphNode {
  const attributes = new Map<string, AttributeValue>();
  for (const attribute of node.attributes) {
    const value = attributeValue(attribute);
    if (value !== null) attributes.set(attribute.name, value);
  }
  return {
    name,
    operator: node.operator,
    inputs,
    outputs,
    attributes: Object.fromEntries(attributes),
    ...(node.domain === '' || node.domain === 'ai.onnx' ? {} : { domain: node.domain }),
    ...(path.length === 0 ? {} : { path }),
    ...(bodies.length === 0 ? {} : { bodies }),
  };
}

function attributeValue({ int, float, text, ints, floats, strings }: OnnxAttribute): AttributeValue | null {
  if (ints !== undefined) return short(ints.loose, ints.pieces.length);
  if (floats !== undefined) return short(floats.loose, floats.pieces.length);
  if (strings !== undefined) return strings.count === strings.texts.length ? strings.texts : null;
  return text?.slice(0, MAX_TEXT) ?? int ?? float ?? null;
}

const short = (list: readonly number[], pieces: number): AttributeValue | null =>
  pieces === 0 && list.length <= MAX_LIST ? list : null;
