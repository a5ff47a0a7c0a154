import type { Work } from '@espalier/base';
import type { PrunableLayer } from '../layer.js';
import { type Mask, maskFromBits } from '../mask.js';
import { maskBits } from '../maskBits.js';
import { maskedEntry } from '../maskedEntry.js';
import type { MaskMethod } from '../method.js';

/** The layer as an earlier step left it: values that its mask drops are 0, so that they are the first to go and count among those that went. */
const seen = (layer: PrunableLayer): PrunableLayer =>
  layer.mask === undefined ? layer : { head: layer.head, entry: maskedEntry(layer, layer.mask) };

/**
 * What two masks one after the other leave, as one mask of the layer's own values. The second was made of the values that the first leaves. Two
 * thresholds are one: what the first dropped is 0 for the second.
 */
export async function together(layer: PrunableLayer, second: Mask, work: Work): Promise<Mask> {
  const first = layer.mask;
  if (first === undefined) return second;
  if (first.kind === 'threshold' && second.kind === 'threshold') {
    // What the second counted were zeros under the first.
    const { zeros: _, ...own } = second;
    const known = first.zeros === undefined ? own : { ...own, zeros: first.zeros };
    if (second.magnitude > first.magnitude) return known;
    if (second.magnitude < first.magnitude) return first;
    if (first.magnitude === 0) return first.ties > second.ties ? first : known;
    return { ...known, ties: first.ties + second.ties };
  }
  const [before, after] = [await maskBits(layer, first, work), await maskBits(seen(layer), second, work)];
  return maskFromBits(
    before.elements,
    before.bits.map((byte, i) => byte & after.bits[i]!),
  );
}

/** A method that zeroes weights, for layers that earlier steps have masked already: what went before stays away. */
export const afterEarlier = (method: MaskMethod): MaskMethod => ({
  description: method.description,
  async masks(layers, options, context) {
    const answer = await method.masks(layers.map(seen), options, context);
    if (!answer.ok || layers.every(({ mask }) => mask === undefined)) return answer;
    const masks = new Map<string, Mask>();
    for (const layer of layers) {
      const mask = answer.value.masks.get(layer.head.name);
      if (mask !== undefined) masks.set(layer.head.name, await together(layer, mask, context.work));
    }
    return { ok: true, value: { ...answer.value, masks } };
  },
});
