import type { Hdf5Object } from '../../hdf5/hdf5.js';
import type { Weight } from './weights.js';

/** Lists of names that do not fit one attribute are split by Keras into `layer_names0`, `layer_names1` … */
const MAX_PIECES = 10_000;

/** A list of names in the attributes of a group, or [] when there is none. */
export async function namesAttribute(group: Hdf5Object, name: string): Promise<readonly string[]> {
  const whole = (await group.attribute(name))?.texts;
  if (whole !== undefined) return whole;
  const names: string[] = [];
  for (let piece = 0; piece < MAX_PIECES; piece++) {
    const part = (await group.attribute(`${name}${piece}`))?.texts;
    if (part === undefined) break;
    for (const entry of part) names.push(entry);
  }
  return names;
}

/** Weights in the order of `layer_names` and `weight_names`, which is the order of the model; others follow as they were found. */
export async function inLayerOrder(
  weights: readonly Weight[],
  groups: ReadonlyMap<string, Hdf5Object>,
  folder: string,
): Promise<readonly Weight[]> {
  const container = groups.get(folder);
  if (container === undefined) return weights;
  const rank = new Map<string, number>();
  const within = folder === '' ? '' : `${folder}/`;
  for (const layer of await namesAttribute(container, 'layer_names')) {
    const group = groups.get(within + layer);
    if (group === undefined) continue;
    for (const weight of await namesAttribute(group, 'weight_names')) {
      const path = `${within}${layer}/${weight}`;
      if (!rank.has(path)) rank.set(path, rank.size);
    }
  }
  const rankOf = (weight: Weight): number => rank.get(weight.path) ?? Number.MAX_SAFE_INTEGER;
  return [...weights].sort((a, b) => rankOf(a) - rankOf(b));
}
