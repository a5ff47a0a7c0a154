import type { Span } from '../../protobuf/index.js';

/** What an ONNX file states, message by message (onnx.proto), without values of tensors and without texts for people. */
export interface OnnxModel {
  irVersion: number;
  producerName: string;
  producerVersion: string;
  domain: string;
  modelVersion: number;
  readonly opsets: OnnxOpset[];
  metadata: Readonly<Record<string, string>>;
  graph: OnnxGraph | null;
  readonly training: { initialization: OnnxGraph | null; algorithm: OnnxGraph | null }[];
  readonly functions: OnnxFunction[];
}

export interface OnnxOpset {
  domain: string;
  version: number;
}

export interface OnnxGraph {
  name: string;
  readonly nodes: OnnxNode[];
  readonly initializers: OnnxTensor[];
  readonly sparse: OnnxSparse[];
  readonly inputs: OnnxValue[];
  readonly outputs: OnnxValue[];
  readonly values: OnnxValue[];
}

export interface OnnxFunction {
  name: string;
  domain: string;
  readonly inputs: string[];
  readonly outputs: string[];
  readonly nodes: OnnxNode[];
}

export interface OnnxNode {
  /** Offset of the message. */
  readonly offset: number;
  name: string;
  operator: string;
  domain: string;
  readonly inputs: string[];
  readonly outputs: string[];
  readonly attributes: OnnxAttribute[];
}

/** One of the members is there, as the attribute's type says. */
export interface OnnxAttribute {
  name: string;
  readonly offset: number;
  float?: number;
  int?: number;
  text?: string;
  floats?: OnnxList;
  ints?: OnnxList;
  strings?: { readonly count: number; readonly bytes: number; readonly texts: readonly string[] };
  tensor?: OnnxTensor;
  sparse?: OnnxSparse;
  readonly tensors: OnnxTensor[];
  readonly graphs: OnnxGraph[];
}

/** `shape` is null for an unknown rank; null axes are symbolic. */
export interface OnnxValue {
  name: string;
  elementType: number;
  shape: (number | null)[] | null;
  /** Names of the symbolic axes, if any has one. */
  symbols?: readonly (string | null)[];
}

/** A repeated number field: packed pieces of the file, and elements that were written one by one. */
export interface OnnxList {
  readonly pieces: Span[];
  readonly loose: number[];
}

export interface OnnxTensor {
  name: string;
  dataType: number;
  readonly dims: number[];
  /** Offset of the message, for faults. */
  readonly offset: number;
  raw: Span | null;
  floats: OnnxList | null;
  int32s: OnnxList | null;
  int64s: OnnxList | null;
  doubles: OnnxList | null;
  uint64s: OnnxList | null;
  strings: { count: number; bytes: number };
  /** Present when the data lies in another file: location, offset, length. */
  external: ReadonlyMap<string, string> | null;
  /** Stored in chunks, a form that was never defined further. */
  segmented: boolean;
}

export interface OnnxSparse {
  values: OnnxTensor | null;
  indices: OnnxTensor | null;
  readonly dims: number[];
  readonly offset: number;
}

/** Element types (TensorProto.DataType) by number. */
export const FLOAT = 1;
export const INT64 = 7;
export const STRING = 8;
