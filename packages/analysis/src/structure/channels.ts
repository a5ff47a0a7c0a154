import { kernels } from '@espalier/kernels';
import type { TensorHead } from '@espalier/model';

/** Beyond this many channels along one kind of axis, dead ones are not counted: the marks of all of them would not stay in bounded memory. */
export const MOST_CHANNELS = 2 ** 24;

/** Which channels of a tensor have something alive, one bit a channel. Sets of parts of a tensor are united. */
export interface LivingChannels {
  readonly channels: number;
  readonly bits: Uint8Array;
}

/**
 * Living channels of a box of a tensor; null without such axes and above `MOST_CHANNELS`.
 *
 * @param bits one bit an element of the box in C order, set for zeros
 * @param axes those that number the channels
 * @param shape of the box, which begins at the indices `begin`
 */
export function livingAlong(
  bits: Uint8Array,
  head: TensorHead,
  axes: readonly number[],
  shape: readonly number[],
  begin: readonly number[],
): LivingChannels | null {
  if (axes.length === 0) return null;
  const channels = axes.reduce((total, axis) => total * head.shape[axis]!, 1);
  if (channels > MOST_CHANNELS) return null;
  const living = new Uint8Array(Math.ceil(channels / 8));
  const isChannel = shape.map((_, axis) => axes.includes(axis));
  const merged = mergeAxes(shape, isChannel);
  const ordered = [...axes].sort((a, b) => a - b);
  const inBox = new Uint8Array(ordered.reduce((total, axis) => total * shape[axis]!, 1));
  kernels().aliveChannels(bits, merged.dims, merged.isChannel, inBox);
  inBox.forEach((mark, channel) => {
    if (mark === 0) return;
    // From the number within the box to the number within the tensor.
    let rest = channel;
    let number = 0;
    let step = 1;
    for (let i = ordered.length - 1; i >= 0; i--) {
      const axis = ordered[i]!;
      number += ((rest % shape[axis]!) + begin[axis]!) * step;
      rest = Math.floor(rest / shape[axis]!);
      step *= head.shape[axis]!;
    }
    living[number >> 3]! |= 1 << (number & 7);
  });
  return { channels, bits: living };
}

/** Neighbouring axes of one kind count as one axis. */
function mergeAxes(shape: readonly number[], isChannel: readonly boolean[]): { dims: number[]; isChannel: boolean[] } {
  const dims: number[] = [];
  const flags: boolean[] = [];
  shape.forEach((length, axis) => {
    if (length === 1) return;
    if (flags.length > 0 && flags[flags.length - 1] === isChannel[axis]) dims[dims.length - 1]! *= length;
    else {
      dims.push(length);
      flags.push(isChannel[axis]!);
    }
  });
  return { dims, isChannel: flags };
}

/** Channels that live in either part. */
export function unite(a: LivingChannels | null, b: LivingChannels | null): LivingChannels | null {
  if (a === null || b === null) return null;
  const bits = a.bits.slice();
  for (let i = 0; i < bits.length; i++) bits[i]! |= b.bits[i]!;
  return { channels: a.channels, bits };
}

/** How many channels are dead, and the first of them. */
export function deadOf(living: LivingChannels | null, limit: number): { count: number | null; first: number[] } {
  if (living === null) return { count: null, first: [] };
  let count = 0;
  const first: number[] = [];
  for (let channel = 0; channel < living.channels; channel++) {
    if ((living.bits[channel >> 3]! >> (channel & 7)) & 1) continue;
    count++;
    if (first.length < limit) first.push(channel);
  }
  return { count, first };
}
