import type { Graph, GraphValue } from '@espalier/checkpoint';
import { computed, type Known, shaped } from './operation.js';
import { type Axis, completed, sound } from './shape.js';

/** Names that exporters give to the axis of a batch. */
const BATCH = /batch|^(?:n|b|bs|bsz)$/i;

/**
 * What is known of every value: what the file states, with a batch of 1, made more precise as operators are gone through.
 *
 * An unknown axis of an input has length 1 where its name says batch, or, in an input without such a name, where it is the first. All axes of that name have
 * it too. Other unknown axes stay unknown; a batch that the file states stays as it is. In Keras the first axis of every value is the batch.
 */
export class Values {
  private readonly known = new Map<string, Known>();
  private readonly batchSymbols = new Set<string>();
  private readonly inputs: ReadonlySet<string>;

  constructor(private readonly graph: Graph) {
    this.inputs = new Set(graph.inputs);
    for (const name of this.inputs) {
      const { shape, symbols } = graph.values.get(name) ?? { shape: null };
      const named = symbols?.filter((symbol): symbol is string => symbol !== null && BATCH.test(symbol)) ?? [];
      const first = shape?.[0] === null ? symbols?.[0] : null;
      if (named.length > 0) for (const symbol of named) this.batchSymbols.add(symbol);
      else if (typeof first === 'string') this.batchSymbols.add(first);
    }
  }

  get(name: string): Known {
    const known = this.known.get(name) ?? this.stated(name);
    this.known.set(name, known);
    return known;
  }

  /** Notes what an operator makes; the file's word stands for what that leaves open. */
  set(name: string, value: Known): void {
    const inferred = sound(value.shape);
    const shape = completed(inferred, this.stated(name).shape);
    this.known.set(name, shape === value.shape ? value : { ...value, shape });
  }

  /** Gives a value of a body what it is called with. */
  bind(name: string, value: Known): void {
    this.known.set(name, value);
  }

  private stated(name: string): Known {
    const value = this.graph.values.get(name);
    if (value === undefined) return { shape: null };
    const { shape, constant, dtype, tensor } = value;
    if (constant !== undefined) return computed(shape, constant, dtype !== undefined && /^(?:F|BF)\d/.test(dtype));
    return shaped(tensor === undefined && shape !== null ? this.withBatch(name, shape, value) : shape);
  }

  private withBatch(name: string, shape: readonly Axis[], { symbols }: GraphValue): readonly Axis[] {
    if (!shape.includes(null)) return shape;
    const namesBatch = symbols?.some((symbol) => symbol !== null && BATCH.test(symbol)) === true;
    const leads = this.graph.dialect === 'keras' || (this.inputs.has(name) && !namesBatch);
    return shape.map((length, axis) => {
      if (length !== null) return length;
      const symbol = symbols?.[axis] ?? null;
      return (axis === 0 && leads) || (symbol !== null && this.batchSymbols.has(symbol)) ? 1 : null;
    });
  }
}
