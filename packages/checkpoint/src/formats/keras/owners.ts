import type { KerasLayer } from './config.js';

/** Whose weight a weight is, and the way to it from there: `['kernel']`, `['query', 'kernel']`. */
export interface Owner {
  readonly layer: KerasLayer;
  readonly names: readonly string[];
}

/** Real names have less than ten segments; the search below is cubic in their number. */
const MAX_SEGMENTS = 24;
/** Layers of one name in different nested models. */
const MAX_SAME_NAME = 64;

/**
 * Finds the layer of a weight by its name: `conv1/kernel`, `model/encoder/conv1/kernel`, `bidirectional/forward_lstm/kernel`.
 * It is the last segment that is a layer's name (before the weight's own), preferring the right enclosing models.
 */
export function ownersByName(layers: readonly KerasLayer[]): (name: string) => Owner | null {
  const byName = new Map<string, KerasLayer[]>();
  for (const layer of layers) {
    const same = byName.get(layer.name);
    if (same === undefined) byName.set(layer.name, [layer]);
    else if (same.length < MAX_SAME_NAME) same.push(layer);
  }

  /** A layer whose name ends with segment `last`. Names may contain slashes, so longer ones are tried first. */
  const endingAt = (segments: readonly string[], last: number): Owner | null => {
    for (let begin = 0; begin <= last; begin++) {
      const named = byName.get(segments.slice(begin, last + 1).join('/'));
      if (named === undefined) continue;
      const before = segments.slice(0, begin);
      const layer = named.find((candidate) => candidate.path.every((model) => before.includes(model))) ?? named[0]!;
      return { layer, names: segments.slice(last + 1) };
    }
    return null;
  };

  return (name) => {
    const segments = name.split('/');
    if (segments.length > MAX_SEGMENTS) return null;
    for (let last = segments.length - 2; last >= 0; last--) {
      const found = endingAt(segments, last);
      if (found !== null) return found;
    }
    return null;
  };
}

/** Identifies a layer, nested models by their plain names (a second call of a model is the same layer). */
export const layerKey = (layer: KerasLayer): string =>
  [...layer.path.map((model) => model.replace(/:\d+$/, '')), layer.name].join('/');
