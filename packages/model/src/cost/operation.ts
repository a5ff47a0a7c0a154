import type { AttributeValue, GraphNode, Role } from '@espalier/checkpoint';
import { type Axis, type PartialShape, sound } from './shape.js';

/** What is known of a value before the network runs. */
export interface Known {
  readonly shape: PartialShape;
  /** Elements in C order of a short list of sizes; null is unknown. Floats are rounded to f32. */
  readonly elements?: readonly Axis[];
  /** The elements are floats: their quotient has a fraction. */
  readonly isFloat?: boolean;
}

/** What an operator makes of its inputs. */
export interface Outcome {
  /** In order of the node's outputs; those that are left out are unknown. */
  readonly outputs: readonly Known[];
  /** Multiply-accumulates; null: a shape that decides them is unknown. */
  readonly macs: number | null;
  /** Why `macs` is null, where it is not for a shape. */
  readonly unknown?: string;
}

export type Rule = (operation: Operation) => Outcome;

/** Lists of sizes are short. Longer ones are not computed with, which bounds what a graph may take. */
export const MAX_ELEMENTS = 64;

/** A node with what is known of its inputs, and its attributes in the types that are wanted. */
export class Operation {
  constructor(
    readonly node: GraphNode,
    readonly inputs: readonly Known[],
    /** Purpose of the tensors among the inputs; undefined for values that are computed. */
    readonly roles: readonly (Role | undefined)[] = [],
  ) {}

  has(index: number): boolean {
    return (this.node.inputs[index] ?? '') !== '';
  }

  shape(index: number): PartialShape {
    return this.inputs[index]?.shape ?? null;
  }

  rank(index: number): number | null {
    return this.shape(index)?.length ?? null;
  }

  /** Length of an axis, counted from the end when negative. */
  axis(index: number, axis: number): Axis {
    return this.shape(index)?.at(axis) ?? null;
  }

  elements(index: number): readonly Axis[] | undefined {
    return this.inputs[index]?.elements;
  }

  /** Elements of an input of which all are known. */
  numbers(index: number): readonly number[] | undefined {
    const elements = this.inputs[index]?.elements;
    return elements === undefined || elements.includes(null) ? undefined : (elements as readonly number[]);
  }

  attribute(name: string): AttributeValue | undefined {
    return Object.hasOwn(this.node.attributes, name) ? this.node.attributes[name] : undefined;
  }

  int(name: string, otherwise: number): number {
    const value = this.attribute(name);
    if (typeof value === 'boolean') return value ? 1 : 0;
    return typeof value === 'number' && Number.isSafeInteger(value) ? value : otherwise;
  }

  /** A list of whole numbers; undefined where there is none. */
  ints(name: string): readonly number[] | undefined {
    const value = this.attribute(name);
    if (!Array.isArray(value)) return undefined;
    return value.every((item) => Number.isSafeInteger(item)) ? (value as readonly number[]) : undefined;
  }

  text(name: string, otherwise = ''): string {
    const value = this.attribute(name);
    return typeof value === 'string' ? value : otherwise;
  }

  flag(name: string): boolean {
    const value = this.attribute(name);
    return value === true || value === 1;
  }
}

/** A value of which the shape is known as far as it is. */
export const shaped = (shape: PartialShape): Known => ({ shape: sound(shape) });

/** An operator without multiply-accumulates by convention: data movement, element-wise, pooling, normalization. */
export const free = (...shapes: readonly PartialShape[]): Outcome => ({ outputs: shapes.map(shaped), macs: 0 });

export const costs = (macs: number | null, ...shapes: readonly PartialShape[]): Outcome => ({
  outputs: shapes.map(shaped),
  macs,
});

/** A small list of sizes that was computed; long ones, or ones that are no numbers, keep their shape alone. */
export function computed(shape: PartialShape, elements: readonly Axis[] | undefined, isFloat = false): Known {
  if (elements === undefined || elements.length > MAX_ELEMENTS) return shaped(shape);
  const whole = elements.map((element) => (element === null || Number.isFinite(element) ? element : null));
  return { shape: sound(shape), elements: whole, ...(isFloat ? { isFloat } : {}) };
}
