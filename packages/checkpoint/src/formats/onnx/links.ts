import type { Collected, FoundNode } from './collect.js';
import type { Draft } from './entries.js';

/** A tensor as an operator sees it: perhaps through a transposition. */
export interface Seen {
  readonly draft: Draft;
  /** `permutation[a]` is the axis of the stored tensor that the operator sees as axis a; null: as stored. */
  readonly permutation: readonly number[] | null;
}

/** Operators whose first output is their first input, as far as names, axes and zeros are concerned. */
const PASS_THROUGH = new Set(['Identity', 'Cast', 'CastLike', 'DequantizeLinear', 'QuantizeLinear', 'Dropout']);

/** Operators that leave the rows of a matrix whole: they select, join or wrap them. */
const REARRANGING = new Set(['Concat', 'Slice', 'Unsqueeze', 'Split', 'Identity', 'Cast']);

/** Values that are looked at for one weight; real ones are put together from about twenty. */
const MAX_PARTS = 128;

/** Who makes and who takes each value, and which tensor stands behind it. */
export class Links {
  readonly drafts = new Map<string, Draft>();
  readonly producers = new Map<string, FoundNode>();
  readonly consumers = new Map<string, { readonly node: FoundNode; readonly index: number }[]>();
  private readonly seen = new Map<string, Seen>();

  constructor(
    readonly collected: Collected,
    drafts: readonly Draft[],
  ) {
    for (const draft of drafts) {
      this.drafts.set(draft.name, draft);
      this.seen.set(draft.name, { draft, permutation: null });
    }
    for (const node of collected.nodes) {
      for (const output of node.outputs) if (output !== '') this.producers.set(output, node);
      for (const [index, input] of node.inputs.entries()) {
        if (input === '') continue;
        const takers = this.consumers.get(input);
        if (takers === undefined) this.consumers.set(input, [{ node, index }]);
        else takers.push({ node, index });
      }
      this.passOn(node);
    }
  }

  /** The tensor behind a value, if there is one. */
  tensor(value: string | undefined): Seen | undefined {
    return value === undefined || value === '' ? undefined : this.seen.get(value);
  }

  /** The tensor behind a value where it is seen as it is stored. */
  stored(value: string | undefined): Draft | undefined {
    const seen = this.tensor(value);
    return seen?.permutation === null ? seen.draft : undefined;
  }

  /** Takes a tensor out of the list: it was folded into another. */
  remove(draft: Draft): void {
    this.drafts.delete(draft.name);
    this.seen.delete(draft.name);
  }

  /**
   * Tensors that a value is put together from: exporters of LSTMs cut the gates of a weight apart, order them anew and add an axis. Only operators
   * that keep rows whole are looked through.
   */
  parts(value: string | undefined, depth = 6, visited = new Set<string>()): readonly Draft[] {
    if (value === undefined || value === '' || depth === 0 || visited.has(value) || visited.size >= MAX_PARTS)
      return [];
    visited.add(value);
    const seen = this.stored(value);
    if (seen !== undefined) return [seen];
    const made = this.producers.get(value);
    if (made === undefined || !REARRANGING.has(made.node.operator)) return [];
    const inputs = made.node.operator === 'Concat' ? made.inputs.slice(0, 16) : made.inputs.slice(0, 1);
    return [...new Set(inputs.flatMap((input) => this.parts(input, depth - 1, visited)))];
  }

  private passOn({ node, inputs, outputs }: FoundNode): void {
    const source = this.tensor(inputs[0]);
    const output = outputs[0];
    if (source === undefined || output === undefined || output === '') return;
    if (PASS_THROUGH.has(node.operator)) this.seen.set(output, source);
    else if (node.operator === 'Transpose') {
      const rank = source.draft.shape.length;
      const given = node.attributes.find(({ name }) => name === 'perm')?.ints?.loose;
      const order = given ?? Array.from({ length: rank }, (_, axis) => rank - 1 - axis);
      if (order.length !== rank || !isPermutation(order)) return;
      const permutation = order.map((axis) => source.permutation?.[axis] ?? axis);
      this.seen.set(output, {
        draft: source.draft,
        permutation: permutation.every((axis, at) => axis === at) ? null : permutation,
      });
    }
  }
}

function isPermutation(order: readonly number[]): boolean {
  const found = new Set(order);
  return (
    found.size === order.length && order.every((axis) => Number.isInteger(axis) && axis >= 0 && axis < order.length)
  );
}

/** An integer attribute, or its default. */
export function intAttribute({ node }: FoundNode, name: string, otherwise: number): number {
  return node.attributes.find((attribute) => attribute.name === name)?.int ?? otherwise;
}
