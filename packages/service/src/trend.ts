import type { Answer } from '@espalier/protocol';
import type { FileFacts } from './fileFacts.js';
import type { Service } from './service.js';

/** Sparsity of every layer weight in each of several checkpoints; null where a file lacks the tensor. */
export interface Trend {
  readonly layers: readonly { readonly name: string; readonly sparsity: readonly (number | null)[] }[];
}

/** Tensors by name in the order of their first appearance; prunable ones only, since others say little over time. */
export function createTrend(scan: Service['scan'], peek: (path: string) => FileFacts | null): Service['trend'] {
  return async (paths, signal): Promise<Answer<Trend>> => {
    const names = new Set<string>();
    const columns: FileFacts[] = [];
    for (const path of paths) {
      const end = await scan({ path, full: true }, 'soon', signal, () => {});
      if (!end.ok) return end;
      const facts = peek(path);
      if (facts === null)
        return {
          ok: false,
          fault: { code: 'file/changed', message: 'The file changed while it was read.', file: path },
        };
      columns.push(facts);
      for (const tensor of facts.head.tensors) if (tensor.prunable) names.add(tensor.name);
    }
    const sparsityIn = (facts: FileFacts, name: string): number | null => {
      const fact = facts.facts.get(name);
      return fact?.stats === undefined || fact.head.elements === 0 ? null : fact.stats.zeros / fact.head.elements;
    };
    return {
      ok: true,
      value: {
        layers: [...names].map((name) => ({ name, sparsity: columns.map((facts) => sparsityIn(facts, name)) })),
      },
    };
  };
}
