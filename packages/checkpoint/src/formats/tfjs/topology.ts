import type { Finding } from '../../checkpoint.js';
import type { Graph } from '../../graph.js';
import { asRecord, asText, isRecord, type JsonRecord, own } from '../../json.js';
import { type KerasLayer, type KerasWeight, kerasGraph, layersOf } from '../keras/config.js';
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
  const owners = new Owners(layersOf(config), weights);
  const graph = kerasGraph(config, (layer) => owners.weightsOf(layer));
  const uses = new Map<string, WeightUse>();
  for (const [weight, { layer, names }] of owners.byWeight) {
    const use = kerasWeightUse(layer.className, layer.config, names, weight.shape.length);
    if (use !== null) uses.set(weight.name, use);
  }
  return { kind: 'layers-model', ...(graph === null ? {} : { graph }), uses, findings: [] };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Real names have less than ten segments; the search below is cubic in their number. */
const MAX_SEGMENTS = 24;
/** Layers of one name in different nested models. */
const MAX_SAME_NAME = 64;

/**
 * Which layer a weight belongs to, by its name: `conv1/kernel`, `model/encoder/conv1/kernel`, `bidirectional/forward_lstm/kernel`.
 * The layer is the last segment that is a layer's name (before the weight's own), preferring the right enclosing models.
 */
class Owners {
  readonly byWeight = new Map<WeightSpec, { layer: KerasLayer; names: readonly string[] }>();
  private readonly byLayer = new Map<string, KerasWeight[]>();

  constructor(layers: readonly KerasLayer[], weights: readonly WeightSpec[]) {
    const byName = new Map<string, KerasLayer[]>();
    for (const layer of layers) {
      const same = byName.get(layer.name);
      if (same === undefined) byName.set(layer.name, [layer]);
      else if (same.length < MAX_SAME_NAME) same.push(layer);
    }
    for (const weight of weights) {
      const segments = weight.name.split('/');
      if (segments.length > MAX_SEGMENTS) continue;
      for (let at = segments.length - 2; at >= 0; at--) {
        // A layer's own name may contain slashes, so longer names are tried as well.
        const found = candidates(byName, segments, at);
        if (found === null) continue;
        this.byWeight.set(weight, { layer: found.layer, names: segments.slice(found.end) });
        const list = this.byLayer.get(keyOf(found.layer));
        const entry = { tensor: weight.name, shape: weight.shape, dtype: weight.dtype };
        if (list === undefined) this.byLayer.set(keyOf(found.layer), [entry]);
        else list.push(entry);
        break;
      }
    }
  }

  weightsOf(layer: KerasLayer): readonly KerasWeight[] {
    return this.byLayer.get(keyOf(layer)) ?? [];
  }
}

const keyOf = (layer: KerasLayer): string => [...layer.path.map((name) => name.split(':')[0]!), layer.name].join('/');

function candidates(
  byName: ReadonlyMap<string, readonly KerasLayer[]>,
  segments: readonly string[],
  end: number,
): { layer: KerasLayer; end: number } | null {
  for (let begin = 0; begin <= end; begin++) {
    const layers = byName.get(segments.slice(begin, end + 1).join('/'));
    if (layers === undefined) continue;
    const before = segments.slice(0, begin);
    const layer = layers.find((candidate) => candidate.path.every((name) => before.includes(name))) ?? layers[0]!;
    return { layer, end: end + 1 };
  }
  return null;
}
