import type { Graph, GraphBody, GraphNode, GraphValue } from '../../graph.js';
import { seenThrough } from './axes.js';
import { elementType } from './elementType.js';
import type { NamedTensor } from './entries.js';
import type { TfliteModel } from './model.js';

/** The operators of all subgraphs in the common vocabulary; those of other subgraphs than the first bear the subgraph's name as their path. */
export function toGraph(model: TfliteModel, named: readonly (readonly NamedTensor[])[]): Graph {
  const nodes: GraphNode[] = [];
  const values = new Map<string, GraphValue>();
  const paths = subgraphPaths(model);
  const bodies = (attributes: GraphNode['attributes']): GraphBody[] =>
    Object.entries(attributes).flatMap(([name, at]) => {
      const path = name.endsWith('subgraph') && typeof at === 'number' ? paths[at] : undefined;
      if (path === undefined || path === null) return [];
      const { inputs, outputs } = model.subgraphs[at as number]!;
      const nameOf = (tensor: number): string => named[at as number]![tensor]?.name ?? '';
      return [{ role: name, path, inputs: inputs.map(nameOf), outputs: outputs.map(nameOf) }];
    });
  for (const [index, subgraph] of model.subgraphs.entries()) {
    const tensors = named[index]!;
    const seen = seenThrough(tensors, subgraph.operators);
    for (const [at, { name, tensor }] of tensors.entries()) {
      const behind = seen[at]?.draft;
      values.set(name, {
        shape: tensor.signature.map((length) => (length < 0 ? null : length)),
        dtype: elementType(tensor.type).dtype,
        ...(behind === undefined || behind === null ? {} : { tensor: behind.name }),
      });
    }
    const nameOf = (at: number): string => tensors[at]?.name ?? '';
    for (const [at, { operator, inputs, outputs, attributes }] of subgraph.operators.entries()) {
      const run = bodies(attributes);
      nodes.push({
        name: outputs.map(nameOf).find((name) => name !== '') ?? `${operator}_${at}`,
        operator,
        inputs: inputs.map(nameOf),
        outputs: outputs.map(nameOf),
        attributes,
        ...(paths[index] === null ? {} : { path: paths[index]! }),
        ...(run.length === 0 ? {} : { bodies: run }),
      });
    }
  }
  const main = model.subgraphs[0];
  const names = (list: readonly number[]): string[] =>
    list.map((at) => named[0]?.[at]?.name ?? '').filter((name) => name !== '');
  return {
    nodes,
    values,
    inputs: names(main?.inputs ?? []),
    outputs: names(main?.outputs ?? []),
    dialect: 'tflite',
  };
}

/** null for the first; the others by their names, numbered where two have the same. */
function subgraphPaths({ subgraphs }: TfliteModel): (readonly string[] | null)[] {
  const taken = new Set<string>();
  return subgraphs.map(({ name }, index) => {
    if (index === 0) return null;
    const label = name === '' || taken.has(name) ? `subgraph_${index}` : name;
    taken.add(label);
    return [label];
  });
}
