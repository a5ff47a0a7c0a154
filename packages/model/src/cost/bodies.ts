import type { Graph, GraphBody, GraphNode } from '@espalier/checkpoint';

/** Identifies a body: its path. */
export const keyOf = (path: readonly string[] | undefined): string => (path ?? []).join('\u0000');

/** The main graph. */
export const ROOT = '';

/** Which nodes belong to which body. */
export interface Bodies {
  /** Indices of nodes by the body that they are directly in, in file order. */
  readonly nodes: ReadonlyMap<string, readonly number[]>;
  /** The node that runs a body. Two that claim the same one leave it to the first. */
  readonly owners: ReadonlyMap<string, number>;
  /** The body around a node, by its index. */
  readonly bodyOf: readonly string[];
}

/**
 * Sorts nodes into bodies. Nodes under a path that nobody runs are those of functions, of training graphs and of subgraphs that are only defined; TensorFlow
 * names the calls that were expanded in place so, which are part of the graph around them.
 */
export function sortIntoBodies({ nodes, dialect }: Graph): Bodies {
  const owners = new Map<string, number>();
  for (const [index, node] of nodes.entries())
    for (const { path } of node.bodies ?? []) if (!owners.has(keyOf(path))) owners.set(keyOf(path), index);
  const members = new Map<string, number[]>([[ROOT, []]]);
  const bodyOf = nodes.map((node) => bodyAround(node, owners, dialect === 'tensorflow'));
  for (const [index, key] of bodyOf.entries()) {
    const list = members.get(key);
    if (list === undefined) members.set(key, [index]);
    else list.push(index);
  }
  return { nodes: members, owners, bodyOf };
}

function bodyAround({ path }: GraphNode, owners: ReadonlyMap<string, number>, isInline: boolean): string {
  if (path === undefined || path.length === 0) return ROOT;
  const whole = keyOf(path);
  if (owners.has(whole) || !isInline) return whole;
  for (let length = path.length - 1; length > 0; length--) {
    const key = keyOf(path.slice(0, length));
    if (owners.has(key)) return key;
  }
  return ROOT;
}

/** Operators of which one body runs. */
const BRANCHES: ReadonlySet<string> = new Set(['If', 'IF', 'StatelessIf', 'Case', 'StatelessCase']);
/** Operators whose bodies run once, in place. */
const CALLS: ReadonlySet<string> = new Set(['CALL']);
/** Operators whose bodies run before the model is used. */
const PREPARATIONS: ReadonlySet<string> = new Set(['CALL_ONCE']);

export type Running = 'branches' | 'call' | 'preparation' | 'loop';

export function runningOf({ operator }: GraphNode): Running {
  if (BRANCHES.has(operator)) return 'branches';
  if (CALLS.has(operator)) return 'call';
  return PREPARATIONS.has(operator) ? 'preparation' : 'loop';
}

/** Values that a branch or call is given: by position, after the condition. */
export function argumentsOf(node: GraphNode, body: GraphBody): readonly (readonly [name: string, value: string])[] {
  const skipped = BRANCHES.has(node.operator) ? 1 : 0;
  return body.inputs.map((name, at) => [name, node.inputs[at + skipped] ?? ''] as const);
}
