import { type Span, WireReader } from '../../protobuf/index.js';
import { type GraphWithConstants, readGraphDef } from './graphDef.js';
import type { KnownShape } from './nodeDef.js';
import { readShapeProto } from './tensorShape.js';

/** A signature: how a model is called. */
export interface Signature {
  readonly name: string;
  readonly inputs: readonly Endpoint[];
  readonly outputs: readonly Endpoint[];
}

export interface Endpoint {
  /** Reference to a value of the graph: `serving_default_x:0`. */
  readonly value: string;
  readonly shape: KnownShape;
}

export interface SavedModel {
  readonly graph: GraphWithConstants;
  readonly signature: Signature | null;
  readonly metadata: Readonly<Record<string, string>>;
  /** Meta graphs beside the one that is read (for training, for TPUs): variants of the same model. */
  readonly others: number;
}

const EMPTY: GraphWithConstants = { nodes: [], functions: new Map(), constants: new Map() };

/** Reads the first meta graph of a SavedModel. Source: tensorflow/core/protobuf/saved_model.proto and meta_graph.proto. */
export async function readSavedModel(span: Span, signal?: AbortSignal): Promise<SavedModel> {
  const reader = new WireReader({ signal });
  let graph: GraphWithConstants | undefined;
  const signatures: Signature[] = [];
  const metadata: [string, string][] = [];
  let others = -1;
  await reader.message(span, {
    2: async (field) => {
      others++;
      if (others > 0) return;
      await reader.message(field.span(), {
        1: (info) =>
          reader.message(info.span(), {
            4: (inner) => {
              metadata.push(['tags', inner.text().slice(0, 200)]);
            },
            5: (inner) => {
              metadata.push(['tensorflow_version', inner.text().slice(0, 200)]);
            },
          }),
        2: async (inner) => {
          graph = await readGraphDef(reader, inner.span());
        },
        5: async (inner) => {
          signatures.push(await readSignature(reader, inner.span()));
        },
      });
    },
  });
  const callable = signatures.filter(({ outputs }) => outputs.length > 0);
  const signature =
    callable.find(({ name }) => name === 'serving_default') ??
    callable.find(({ name }) => !name.startsWith('__')) ??
    null;
  return { graph: graph ?? EMPTY, signature, metadata: Object.fromEntries(metadata), others: Math.max(0, others) };
}

/** An entry of the map of signatures. */
async function readSignature(reader: WireReader, span: Span): Promise<Signature> {
  let name = '';
  const inputs: Endpoint[] = [];
  const outputs: Endpoint[] = [];
  await reader.message(span, {
    1: (field) => {
      name = field.text();
    },
    2: (field) =>
      reader.message(field.span(), {
        1: async (inner) => {
          inputs.push(...(await readEndpoint(reader, inner.span())));
        },
        2: async (inner) => {
          outputs.push(...(await readEndpoint(reader, inner.span())));
        },
      }),
  });
  return { name, inputs, outputs };
}

/** An entry of a map from text to TensorInfo: name = 1, tensor_shape = 3. */
async function readEndpoint(reader: WireReader, span: Span): Promise<Endpoint[]> {
  let value = '';
  let shape: KnownShape = null;
  reader.keep(1, span);
  await reader.message(span, {
    2: (field) =>
      reader.message(field.span(), {
        1: (inner) => {
          value = inner.text();
        },
        3: async (inner) => {
          shape = await readShapeProto(reader, inner.span());
        },
      }),
  });
  return value === '' ? [] : [{ value, shape }];
}
