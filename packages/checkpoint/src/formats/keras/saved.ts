import type { Hdf5Object } from '../../hdf5/hdf5.js';
import type { KerasLayer } from './config.js';
import type { Owner } from './owners.js';
import { savedName } from './weightUse.js';

/**
 * Owners in files of Keras 3, whose weights are called `layers/dense_1/vars/0`: a layer's place follows from its class and how many of
 * that class stand before it. Files of Keras 2.12 and 2.13 say `_layer_checkpoint_dependencies` for `layers`.
 */
export function ownersByPlace(layers: readonly KerasLayer[]): (path: string) => Owner | null {
  const byPlace = new Map(layers.map((layer) => [layer.place, layer]));
  return (path) => {
    const segments = path.replaceAll('_layer_checkpoint_dependencies', 'layers').split('/');
    if (segments.length > 64) return null;
    const vars = segments.lastIndexOf('vars');
    if (vars < 0 || vars !== segments.length - 2) return null;
    for (let end = vars; end > 0; end--) {
      const layer = byPlace.get(segments.slice(0, end).join('/'));
      if (layer === undefined) continue;
      return { layer, names: namesOf(layer, segments.slice(end, vars), segments[vars + 1]!) };
    }
    return null;
  };
}

/** Owners by the `name` that Keras 3 notes at every group of variables: for models whose layers do not follow from the config. */
export async function ownersByNote(
  layers: readonly KerasLayer[],
  groups: ReadonlyMap<string, Hdf5Object>,
): Promise<(path: string) => Owner | null> {
  if (layers.length === 0) return () => null;
  const byName = new Map(layers.map((layer) => [layer.name, layer]));
  const byGroup = new Map<string, KerasLayer>();
  for (const [path, group] of groups) {
    if (!path.endsWith('/vars')) continue;
    const name = (await group.attribute('name'))?.texts?.[0];
    const layer = name === undefined ? undefined : byName.get(name);
    if (layer !== undefined) byGroup.set(path, layer);
  }
  return (path) => {
    const slash = path.lastIndexOf('/');
    const layer = byGroup.get(path.slice(0, slash));
    return layer === undefined ? null : { layer, names: namesOf(layer, [], path.slice(slash + 1)) };
  };
}

function namesOf(layer: KerasLayer, inner: readonly string[], last: string): string[] {
  const index = /^\d+$/.test(last) ? Number(last) : -1;
  return [...inner, savedName(layer.className, layer.config, inner, index) ?? last];
}
