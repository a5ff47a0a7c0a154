import type { Finding } from '../../checkpoint.js';
import type { Graph } from '../../graph.js';
import { asRecord, asText, isRecord, type JsonRecord, own } from '../../json.js';
import { type KerasWeight, kerasGraph, layersOf } from '../keras/config.js';
import { layerKey, ownersByName } from '../keras/owners.js';
import { kerasWeightUse } from '../keras/weightUse.js';
import { buildGraph } from '../tensorflow/graph.js';
import { type WeightUse, weightUses } from '../tensorflow/weightUse.js';
import { readGraphDef } from './jsonNodes.js';
import type { WeightSpec } from './manifest.js';

export interface Topology {
  readonly kind: 'layers-model' | 'graph-model' | 'weights';
  readonly graph?: Graph;
  /** By the name of the weight. */
  readonly uses: ReadonlyMap<string, WeightUse>;
  readonly findings: readonly Finding[];
}

/** The computation of a model.json, and what it says of the weights. A bare manifest has none. */
export function readTopology(model: JsonRecord, weights: readonly WeightSpec[]): Topology {
  const topology = own(model, 'modelTopology');
  if (!isRecord(topology)) return { kind: kindOf(model, {}), uses: new Map(), findings: [] };
  const kind = kindOf(model, topology);
  return kind === 'graph-model' ? graphModel(model, topology, weights) : layersModel(topology, weights);
}

function kindOf(model: JsonRecord, topology: JsonRecord): Topology['kind'] {
  const format = asText(own(model, 'format'));
  if (format === 'graph-model' || format === 'layers-model') return format;
  if (Array.isArray(own(topology, 'node'))) return 'graph-model';
  return own(model, 'modelTopology') === undefined ? 'weights' : 'layers-model';
}

function graphModel(model: JsonRecord, topology: JsonRecord, weights: readonly WeightSpec[]): Topology {
  const tensors = new Map(weights.map((weight) => [weight.name, { shape: weight.shape, dtype: weight.dtype }]));
  const signature = asRecord(own(model, 'signature') ?? own(asRecord(own(model, 'userDefinedMetadata')), 'signature'));
  const graph = buildGraph(readGraphDef(topology), {
    tensors,
    tensorOf: (node) => (tensors.has(node.name) ? node.name : undefined),
    inputs: signatureNames(own(signature, 'inputs')),
    outputs: signatureNames(own(signature, 'outputs')),
  });
  const uses = new Map(weightUses(graph));
  // Small numbers that steer operators (axes, shapes, paddings) are constants, not parameters.
  for (const weight of weights) {
    if (!uses.has(weight.name) && weight.dtype !== 'STRING' && (weight.elements < 64 || weight.dtype !== 'F32')) {
      uses.set(weight.name, { role: 'constant' });
    }
  }
  return { kind: 'graph-model', graph, uses, findings: [] };
}

const signatureNames = (claim: unknown): string[] =>
  Object.values(asRecord(claim)).flatMap((entry) => asText(own(asRecord(entry), 'name')) ?? []);

function layersModel(topology: JsonRecord, weights: readonly WeightSpec[]): Topology {
  // Converted models wrap the config as Keras' HDF5 does; models saved by TensorFlow.js itself may not.
  const stated = own(topology, 'model_config') ?? topology;
  const config: unknown = typeof stated === 'string' ? parsed(stated) : stated;
  const ownerOf = ownersByName(layersOf(config));
  const byLayer = new Map<string, KerasWeight[]>();
  const uses = new Map<string, WeightUse>();
  for (const weight of weights) {
    const owner = ownerOf(weight.name);
    if (owner === null) continue;
    const { layer, names } = owner;
    const use = kerasWeightUse(layer.className, layer.config, names, weight.shape.length);
    if (use !== null) uses.set(weight.name, use);
    const list = byLayer.get(layerKey(layer)) ?? [];
    list.push({ tensor: weight.name, shape: weight.shape, dtype: weight.dtype });
    byLayer.set(layerKey(layer), list);
  }
  const graph = kerasGraph(config, (layer) => byLayer.get(layerKey(layer)) ?? []);
  return { kind: 'layers-model', ...(graph === null ? {} : { graph }), uses, findings: [] };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
