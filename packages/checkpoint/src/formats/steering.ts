import { FaultError } from '@espalier/base';
import type { TensorEntry } from '../checkpoint.js';
import type { Graph, GraphNode, GraphValue } from '../graph.js';
import { readValues } from '../values/readValues.js';

/** Constants that steer shapes (axes, sizes, permutations, scales) have a few elements; of each graph so many are read. */
const MAX_STEERING_ELEMENTS = 64;
const MAX_STEERING_CONSTANTS = 10_000;

/** Which values decide shapes, in one family of operators. */
export interface Steering {
  /** By operator: positions of the inputs whose values decide the shapes of its outputs; negative ones count from the end. */
  readonly inputs: (node: GraphNode) => readonly number[];
  /** Operators that compute such values from others: what they read is read as well. */
  readonly folds: ReadonlySet<string>;
}

/**
 * Puts the values of small constants at the graph's values where they decide shapes: directly, or through operators that compute
 * with sizes. Reads those constants, and nothing else of the file.
 */
export async function withConstants(
  graph: Graph,
  entries: ReadonlyMap<string, TensorEntry>,
  steering: Steering,
  signal?: AbortSignal,
): Promise<Graph> {
  const values = new Map(graph.values);
  let left = MAX_STEERING_CONSTANTS;
  for (const name of steeringValues(graph, steering)) {
    const value = values.get(name);
    const entry = value?.tensor === undefined ? undefined : entries.get(value.tensor);
    if (value === undefined || entry === undefined || !canSteer(entry) || left === 0) continue;
    left--;
    const constant = await constantOf(entry, signal);
    if (constant !== null) values.set(name, { ...value, constant } satisfies GraphValue);
  }
  return { ...graph, values };
}

/** Values without a producer that steer. Whatever they go through on their way, each is visited once. */
export function steeringValues(graph: Graph, { inputs, folds }: Steering): ReadonlySet<string> {
  const producers = new Map<string, GraphNode>();
  for (const node of graph.nodes) for (const output of node.outputs) producers.set(output, node);
  const visited = new Set<string>();
  const queue: string[] = [];
  const visit = (name: string | undefined): void => {
    if (name === undefined || name === '' || visited.has(name)) return;
    visited.add(name);
    queue.push(name);
  };
  for (const node of graph.nodes) for (const at of inputs(node)) visit(node.inputs.at(at));
  const found = new Set<string>();
  for (let next = 0; next < queue.length; next++) {
    const node = producers.get(queue[next]!);
    if (node === undefined) found.add(queue[next]!);
    else if (folds.has(node.operator)) for (const input of node.inputs) visit(input);
    else for (const body of node.bodies ?? []) for (const output of body.outputs) visit(output);
  }
  return found;
}

const canSteer = ({ dtype, elements, data }: TensorEntry): boolean =>
  /^(?:[IU]\d+|BOOL|F16|F32|F64)$/.test(dtype) &&
  elements <= MAX_STEERING_ELEMENTS &&
  (data.kind !== 'none' || data.why === 'empty');

/** null: the file says something that cannot be read; whoever reads the tensor itself is told. */
async function constantOf(entry: TensorEntry, signal: AbortSignal | undefined): Promise<readonly number[] | null> {
  try {
    return Array.from(await readValues(entry, 0, entry.elements, signal), Number);
  } catch (error) {
    if (error instanceof FaultError) return null;
    throw error;
  }
}
