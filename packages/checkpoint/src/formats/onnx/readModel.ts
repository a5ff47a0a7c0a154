import { type Handlers, type Span, WireReader } from '../../protobuf/index.js';
import type { OnnxFunction, OnnxModel } from './proto.js';
import { readGraph, readNode } from './readGraph.js';
import { readPair } from './readPair.js';

/** Reads the structure of a model: ModelProto and everything below it. Field numbers: onnx.proto of ONNX 1.23. */
export async function readModel(span: Span, signal: AbortSignal | undefined): Promise<OnnxModel> {
  const reader = new WireReader({ signal });
  const metadata = new Map<string, string>();
  const model: OnnxModel = {
    irVersion: 0,
    producerName: '',
    producerVersion: '',
    domain: '',
    modelVersion: 0,
    opsets: [],
    metadata: {},
    graph: null,
    training: [],
    functions: [],
  };
  await reader.message(span, {
    1: (field) => {
      model.irVersion = field.int();
    },
    2: (field) => {
      model.producerName = field.text();
    },
    3: (field) => {
      model.producerVersion = field.text();
    },
    4: (field) => {
      model.domain = field.text();
    },
    5: (field) => {
      model.modelVersion = field.int();
    },
    7: async (field) => {
      model.graph = await readGraph(reader, field.span());
    },
    8: async (field) => {
      const opset = { domain: '', version: 0 };
      reader.keep(1, span);
      await reader.message(field.span(), {
        1: (inner) => {
          opset.domain = inner.text();
        },
        2: (inner) => {
          opset.version = inner.int();
        },
      });
      model.opsets.push(opset);
    },
    14: async (field) => {
      const [key, value] = await readPair(reader, field.span());
      metadata.set(key, value);
    },
    20: async (field) => {
      reader.keep(1, span);
      const training: OnnxModel['training'][number] = { initialization: null, algorithm: null };
      await reader.message(field.span(), {
        1: async (inner) => {
          training.initialization = await readGraph(reader, inner.span());
        },
        2: async (inner) => {
          training.algorithm = await readGraph(reader, inner.span());
        },
      });
      model.training.push(training);
    },
    25: async (field) => {
      model.functions.push(await readFunction(reader, field.span()));
    },
  });
  model.metadata = Object.fromEntries(metadata);
  return model;
}

async function readFunction(reader: WireReader, span: Span): Promise<OnnxFunction> {
  reader.keep(1, span);
  const found: OnnxFunction = { name: '', domain: '', inputs: [], outputs: [], nodes: [] };
  const text =
    (into: string[]): Handlers[number] =>
    (field) => {
      reader.keep(1, span);
      into.push(field.text());
    };
  await reader.message(span, {
    1: (field) => {
      found.name = field.text();
    },
    4: text(found.inputs),
    5: text(found.outputs),
    7: async (field) => {
      found.nodes.push(await readNode(reader, field.span()));
    },
    10: (field) => {
      found.domain = field.text();
    },
  });
  return found;
}
