import type { TensorEntry } from '../../checkpoint.js';
import type { Graph } from '../../graph.js';
import type { Hdf5Object } from '../../hdf5/hdf5.js';
import type { WeightUse } from '../tensorflow/weightUse.js';
import { type KerasWeight, kerasGraph, layersOf } from './config.js';
import { layerKey, ownersByName } from './owners.js';
import { ownersByNote, ownersByPlace } from './saved.js';
import type { Weight } from './weights.js';
import { kerasWeightUse } from './weightUse.js';

export interface Described {
  readonly entries: readonly TensorEntry[];
  readonly graph?: Graph;
}

const OPTIMIZER = /^(?:optimizer_weights|optimizer)\//;

/** Joins the weights of a file with what its config says of the layers. Without a config, names alone tell optimizer states. */
export async function describeWeights(
  weights: readonly Weight[],
  groups: ReadonlyMap<string, Hdf5Object>,
  config: unknown,
): Promise<Described> {
  const layers = layersOf(config);
  const byName = ownersByName(layers);
  const byPlace = ownersByPlace(layers);
  const byNote = await ownersByNote(layers, groups);
  const byLayer = new Map<string, KerasWeight[]>();
  const entries = weights.map((weight) => {
    const optimizer = OPTIMIZER.test(weight.path);
    const owner = optimizer
      ? null
      : (byPlace(weight.path) ?? byNote(weight.path) ?? byName(weight.name.replace(/:\d+$/, '')));
    if (owner !== null) {
      const list = byLayer.get(layerKey(owner.layer)) ?? [];
      list.push({ tensor: weight.name, shape: weight.shape, dtype: weight.dtype });
      byLayer.set(layerKey(owner.layer), list);
    }
    return toEntry(
      weight,
      optimizer,
      owner === null
        ? null
        : kerasWeightUse(owner.layer.className, owner.layer.config, owner.names, weight.shape.length),
    );
  });
  const graph = kerasGraph(config, (layer) => byLayer.get(layerKey(layer)) ?? []);
  return { entries, ...(graph === null ? {} : { graph }) };
}

function toEntry(weight: Weight, optimizer: boolean, use: WeightUse | null): TensorEntry {
  const role = optimizer ? 'optimizer' : weight.dtype === 'STRING' ? 'text' : use?.role;
  return {
    name: weight.name,
    dtype: weight.dtype,
    storage: weight.storage,
    shape: weight.shape,
    elements: weight.elements,
    bytes: weight.bytes,
    data: weight.data,
    ...(use?.axes === undefined || optimizer ? {} : { axes: use.axes }),
    ...(role === undefined ? {} : { roleHint: role }),
    ...(weight.same === undefined ? {} : { sharesStorageWith: weight.same }),
  };
}
