import type { TensorEntry } from '../../checkpoint.js';
import type { Graph, GraphNode, GraphValue } from '../../graph.js';
import { withConstants } from '../steering.js';
import type { KnownShape } from './nodeDef.js';
import { type Constants, inputShapes, outputShapes } from './shapeRules.js';
import { STEERING } from './steering.js';

/**
 * Fills in the shapes that follow from those that are known, operator by operator. What an operator does that is not known stays unknown.
 * Reads the small integer constants that steer shapes, and nothing else of the file.
 */
export async function withShapes(
  graph: Graph,
  entries: ReadonlyMap<string, TensorEntry>,
  signal?: AbortSignal,
): Promise<Graph> {
  const known = await withConstants(graph, entries, STEERING, signal);
  const values = new Map(known.values);
  const shapeOf = (name: string): KnownShape => values.get(name)?.shape ?? null;
  const constantsOf =
    (node: GraphNode): Constants =>
    (index) =>
      values.get(node.inputs.at(index) ?? '')?.constant;
  for (const node of graph.nodes) {
    const inputs = node.inputs.map(shapeOf);
    for (const [index, shape] of inputShapes(node, inputs).entries())
      if (shape !== null) learn(values, node.inputs[index]!, shape);
    const outputs = outputShapes(node, node.inputs.map(shapeOf), constantsOf(node));
    for (const [index, name] of node.outputs.entries()) {
      const shape = outputs[index] ?? null;
      if (shape !== null) learn(values, name, shape);
    }
  }
  return { ...graph, values };
}

/** A chain of operators that add axes ends here. */
const MAX_RANK = 64;
const isAxis = (axis: number | null): boolean => axis === null || (Number.isSafeInteger(axis) && axis >= 0);

/** What the file states is never overwritten, only made more precise. */
function learn(values: Map<string, GraphValue>, name: string, shape: KnownShape): void {
  const known = values.get(name);
  if (known === undefined || shape === null || shape.length > MAX_RANK || !shape.every(isAxis)) return;
  if (known.shape === null) values.set(name, { ...known, shape });
  else if (known.tensor === undefined && known.shape.length === shape.length && known.shape.includes(null)) {
    values.set(name, { ...known, shape: known.shape.map((axis, index) => axis ?? shape[index]!) });
  }
}
