import { channelGroups } from '../channelGroups.js';
import type { ChannelGroups } from '../follower.js';
import { mobilenet, resnet, vgg } from './convolutional.js';
import type { Configuration, Family } from './family.js';
import { Net, type Shapes } from './net.js';
import { transformers } from './transformers.js';

const FAMILIES: readonly Family[] = [resnet, mobilenet, vgg, ...transformers];

/** Families by the names of their state dicts. */
export const familyNames: readonly string[] = [...new Set(FAMILIES.map(({ name }) => name))];

export type FamilyGroups =
  | { readonly ok: true; readonly family: string; readonly found: ChannelGroups; readonly notes: readonly string[] }
  | { readonly ok: false; readonly why: string };

/**
 * Which channels of a state dict depend on each other, where its names and shapes are those of a family that is known: the family's computation is put together as a graph, and
 * channels are followed through it. A tensor with more than one axis that has no part in it might depend on any channel: then nothing is told.
 *
 * @param shapes of tensors that can be cut; others are as good as missing
 * @param configuration what `config.json` says, in its own words: `num_attention_heads`, `head_dim`
 */
export function familyGroups(shapes: Shapes, configuration: Configuration): FamilyGroups {
  const names = [...shapes.keys()];
  const family = FAMILIES.find(({ matches }) => matches(names));
  if (family === undefined)
    return { ok: false, why: `its names are those of no family that is known: ${familyNames.join(', ')}` };
  const net = new Net(shapes);
  const result = family.build(net, names, configuration);
  if (!result.ok) return { ok: false, why: `it looks like ${family.name}, but ${result.why}` };
  const strange = isChain(family) ? net.unnamed().find((name) => shapes.get(name)!.length > 0) : undefined;
  if (strange !== undefined)
    return { ok: false, why: `it looks like ${family.name}, but ${strange} has no part in it` };
  const found = channelGroups(net.graph(), {
    shape: (name) => net.shapeOf(name),
    numbers: (name) => net.numbersOf(name),
    addsInputs: false,
  });
  return { ok: true, family: family.name, found, notes: result.notes };
}

/** Convolutional families are whole models; of transformers only blocks are told. */
const isChain = (family: Family): boolean => !transformers.includes(family);
