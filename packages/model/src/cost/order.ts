import type { GraphNode } from '@espalier/checkpoint';

/** The nodes with producers before consumers, otherwise in their order. In a cycle the first that is met comes first. */
export function ordered(nodes: readonly GraphNode[], indices: readonly number[]): readonly number[] {
  const producers = new Map<string, number>();
  for (const index of indices)
    for (const output of nodes[index]!.outputs) if (!producers.has(output)) producers.set(output, index);
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
      if (producer !== undefined) enter(producer);
    }
  }
  return result;
}
