import type { TensorEntry } from '../../checkpoint.js';
import type { Graph, GraphNode, GraphValue } from '../../graph.js';
import { readValues } from '../../values/readValues.js';
import type { KnownShape } from './nodeDef.js';
import { type Constants, inputShapes, outputShapes, steeringInputs } from './shapeRules.js';

/** Constants that steer shapes (axes, sizes, permutations) have a few elements; of each graph so many are read. */
const MAX_STEERING_ELEMENTS = 32;
const MAX_STEERING_CONSTANTS = 10_000;

/**
 * Fills in the shapes that follow from those that are known, operator by operator. What an operator does that is not known stays unknown.
 * Reads the small integer constants that steer shapes, and nothing else of the file.
 */
export async function withShapes(
  graph: Graph,
  entries: ReadonlyMap<string, TensorEntry>,
  signal?: AbortSignal,
): Promise<Graph> {
  const steering = await readSteering(graph, entries, signal);
  const values = new Map(graph.values);
  const shapeOf = (name: string): KnownShape => values.get(name)?.shape ?? null;
  const constantsOf =
    (node: GraphNode): Constants =>
    (index) => {
      const value = values.get(node.inputs[index < 0 ? node.inputs.length + index : index] ?? '');
      return value === undefined ? undefined : steering.get(value.tensor ?? '');
    };
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

async function readSteering(
  graph: Graph,
  entries: ReadonlyMap<string, TensorEntry>,
  signal: AbortSignal | undefined,
): Promise<Map<string, readonly number[]>> {
  const found = new Map<string, readonly number[]>();
  for (const node of graph.nodes) {
    for (const index of steeringInputs(node)) {
      const name = graph.values.get(node.inputs[index] ?? '')?.tensor;
      const entry = name === undefined ? undefined : entries.get(name);
      if (entry === undefined || found.has(entry.name) || found.size >= MAX_STEERING_CONSTANTS) continue;
      const integer = entry.dtype === 'I32' || entry.dtype === 'I64';
      if (!integer || entry.elements > MAX_STEERING_ELEMENTS || entry.data.kind === 'none') continue;
      found.set(entry.name, [...(await readValues(entry, 0, entry.elements, signal))]);
    }
  }
  return found;
}
