import type { AttributeValue } from '../../graph.js';

/** What a TFLite file states, without values of tensors. Indices are those of the file, checked against its lists. */
export interface TfliteModel {
  readonly version: number;
  readonly description: string;
  readonly subgraphs: readonly TfliteSubgraph[];
  /** Bytes of each buffer; null for those without data. */
  readonly buffers: readonly (Place | null)[];
  /** Weights in other files, by their id. */
  readonly external: ReadonlyMap<number, { readonly file: string; readonly begin: number; readonly length: number }>;
  readonly metadata: readonly { readonly name: string; readonly buffer: number }[];
}

export interface Place {
  readonly begin: number;
  readonly length: number;
}

export interface TfliteSubgraph {
  readonly name: string;
  readonly tensors: readonly TfliteTensor[];
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly operators: readonly TfliteOperator[];
}

export interface TfliteTensor {
  readonly name: string;
  readonly offset: number;
  readonly shape: readonly number[];
  /** With −1 for axes that are known only at run time. */
  readonly signature: readonly number[];
  readonly type: number;
  readonly buffer: number;
  readonly externalBuffer: number;
  readonly isVariable: boolean;
  readonly quantization: TfliteQuantization | null;
  readonly sparsity: Sparsity | null;
}

export interface TfliteQuantization {
  readonly scales: readonly number[];
  readonly zeroPoints: readonly number[];
  readonly axis: number;
  /** Scales and zero points in tensors of their own, one for each block of the last axis. */
  readonly blockwise: { readonly scales: number; readonly zeroPoints: number; readonly blockSize: number } | null;
}

/** A sparse encoding: the axes in the order in which they are walked, some of them cut into blocks (schema.fbs, SparsityParameters). */
export interface Sparsity {
  readonly offset: number;
  readonly traversalOrder: readonly number[];
  readonly blockMap: readonly number[];
  readonly dimensions: readonly SparseDimension[];
}

export type SparseDimension =
  | { readonly kind: 'dense'; readonly size: number }
  | { readonly kind: 'csr'; readonly segments: IndexList; readonly indices: IndexList };

/** A list of unsigned numbers in the file. */
export interface IndexList extends Place {
  /** Bytes of one number. */
  readonly width: 1 | 2 | 4;
}

export interface TfliteOperator {
  readonly operator: string;
  /** −1 for an optional input that is left out. */
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  readonly attributes: Readonly<Record<string, AttributeValue>>;
}
