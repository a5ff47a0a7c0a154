import type { Graph, Role } from '@espalier/checkpoint';
import type { TensorHead } from '../head.js';
import type { OperatorCost } from '../operatorCost.js';
import { evaluate } from './evaluate.js';

/** Purposes of tensors that make a layer: weights and their companions. Scales, indices and constants are parameters of operators. */
const NO_LAYER: ReadonlySet<Role> = new Set<Role>(['constant', 'index', 'scale', 'text', 'optimizer']);

/**
 * What every operator of a graph costs, in file order. Shapes that the file leaves open are inferred from its inputs, of which an unknown batch is 1 (see `Values`).
 * One multiply-accumulate is 1; pooling, activations, normalizations, element-wise operators and data movement have none. An operator that is not
 * understood, or whose shapes are not known, has null. Pure and total: odd graphs make unknowns, never errors.
 */
export function operatorCosts(graph: Graph, heads: readonly TensorHead[]): OperatorCost[] {
  const byName = new Map(heads.map((head) => [head.name, head]));
  const { costs, isCounted } = evaluate(graph, new Map(heads.map(({ name, role }) => [name, role])));
  return graph.nodes.map((node, index) => {
    const { inputShapes, outputShape, macs, activations, unknown } = costs[index]!;
    const layer = layerOf(node.inputs, graph, byName);
    return {
      name: node.name,
      operator: node.operator,
      ...(layer === undefined ? {} : { layer }),
      ...(node.path === undefined ? {} : { path: node.path }),
      inputShapes,
      outputShape,
      macs,
      activations,
      ...(unknown === undefined ? {} : { unknown }),
      ...(isCounted(index) ? {} : { inTotal: false as const }),
    };
  });
}

/** The layer of the first weight matrix that a node reads, else of another parameter. */
function layerOf(inputs: readonly string[], graph: Graph, byName: ReadonlyMap<string, TensorHead>): string | undefined {
  let other: string | undefined;
  for (const input of inputs) {
    const head = byName.get(graph.values.get(input)?.tensor ?? '');
    if (head === undefined || NO_LAYER.has(head.role)) continue;
    if (head.prunable) return head.layer || undefined;
    other ??= head.layer || undefined;
  }
  return other;
}
