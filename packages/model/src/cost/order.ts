import type { GraphNode } from '@espalier/checkpoint';

/** The node that makes a value, by its index. Of several that claim to, the first. */
export function producersOf(nodes: readonly GraphNode[]): ReadonlyMap<string, number> {
  const producers = new Map<string, number>();
  for (let index = 0; index < nodes.length; index++)
    for (const output of nodes[index]!.outputs) if (!producers.has(output)) producers.set(output, index);
  return producers;
}

/**
 * The nodes of one body with producers before consumers, otherwise in their order. In a cycle the first that is met comes first. `isInside` tells whether a
 * node is in this body.
 */
export function ordered(
  nodes: readonly GraphNode[],
  indices: readonly number[],
  producers: ReadonlyMap<string, number>,
  isInside: (index: number) => boolean,
): readonly number[] {
  // In a sound file they are in order already.
  if (isOrdered(nodes, indices, producers, isInside)) return indices;
  const begun = new Set<number>();
  const result: number[] = [];
  // Depth first without recursion: each entry is a node and how many of its inputs were looked at.
  const stack: { readonly index: number; next: number }[] = [];
  const enter = (index: number): void => {
    if (begun.has(index)) return;
    begun.add(index);
    stack.push({ index, next: 0 });
  };
  for (const index of indices) {
    enter(index);
    while (stack.length > 0) {
      const top = stack.at(-1)!;
      const input = nodes[top.index]!.inputs[top.next++];
      if (input === undefined) {
        result.push(top.index);
        stack.pop();
        continue;
      }
      const producer = producers.get(input);
      if (producer !== undefined && isInside(producer)) enter(producer);
    }
  }
  return result;
}

function isOrdered(
  nodes: readonly GraphNode[],
  indices: readonly number[],
  producers: ReadonlyMap<string, number>,
  isInside: (index: number) => boolean,
): boolean {
  for (const index of indices) {
    for (const input of nodes[index]!.inputs) {
      const producer = producers.get(input);
      // A node's own output among its inputs makes no order.
      if (producer !== undefined && producer > index && isInside(producer)) return false;
    }
  }
  return true;
}
