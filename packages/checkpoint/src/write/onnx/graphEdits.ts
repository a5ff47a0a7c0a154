import type { OutputTensor } from '../output.js';

/**
 * A change of a graph that goes beyond the values and shapes of its tensors, which follow from the tensors of the output. Values, tensors and nodes are named as the
 * checkpoint's `graph` and `tensors` name them. Edits are plain data and do not depend on each other's order, except that nodes are inserted in the order given.
 */
export type GraphEdit = ReplaceByDequantize | InsertNode | AddInitializer | Rewire | SetAttribute;

/**
 * A constant tensor becomes `DequantizeLinear` of new ones: whoever read it reads the node's output, which bears its name. `codes` has the tensor's shape. The names of the
 * new tensors are made from its own (`W_quantized`, `W_scale`, `W_zero_point`).
 */
export interface ReplaceByDequantize {
  readonly kind: 'replace-by-dequantize';
  readonly tensor: string;
  readonly codes: OutputTensor;
  /** Of shape [] or [1] for the tensor; of one length for an axis; of the tensor's shape with that axis shortened for blocks. Its type is what the node gives. */
  readonly scale: OutputTensor;
  /** Of the type of the codes and the shape of the scale; null: 0. */
  readonly zeroPoint: OutputTensor | null;
  readonly axis?: number;
  readonly blockSize?: number;
}

/** A node of the main graph. The names of what it makes must be new; a graph's output keeps its name, so it cannot be made anew. */
export interface InsertNode {
  readonly kind: 'insert-node';
  readonly node: NewNode;
  /** Name of the node that it stands before; null: the first of the graph. Nodes are sorted: what it reads is made before it. */
  readonly before: string | null;
}

export interface NewNode {
  readonly name: string;
  readonly operator: string;
  /** Absent: ONNX's own. */
  readonly domain?: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, NewAttribute>>;
}

/** Whole numbers become ints. */
export type NewAttribute = number | string | readonly number[] | { readonly float: number };

/** A new constant of the main graph, under the tensor's name, for nodes that are inserted. */
export interface AddInitializer {
  readonly kind: 'add-initializer';
  readonly tensor: OutputTensor;
}

/** An input of a node of the main graph reads another value. */
export interface Rewire {
  readonly kind: 'rewire';
  readonly node: string;
  /** Which input, from 0. */
  readonly input: number;
  readonly value: string;
}

/** An attribute gets another value, or is added: `group` of a convolution whose groups were removed. */
export interface SetAttribute {
  readonly kind: 'set-attribute';
  readonly node: string;
  readonly attribute: string;
  readonly value: NewAttribute;
}
