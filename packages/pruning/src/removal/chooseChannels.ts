import { breathe, type Work } from '@espalier/base';
import { readValues, type TensorEntry } from '@espalier/checkpoint';
import { roundHalfEven } from '../roundHalfEven.js';
import type { ChannelGroup, Member } from './spaces.js';

export type Criterion = 'l1' | 'l2' | 'zero';

export interface ChannelChoice {
  /** Share of the channels that go, rounded half to even. */
  readonly share: number;
  readonly criterion: Criterion;
  /** What stays is rounded up to a multiple of this. */
  readonly multiple: number;
}

const WINDOW_ELEMENTS = 1 << 20;

/**
 * Channels of a group that stay, ascending, and how many would have gone but give a constant. `l1` and `l2` rank by the norm of all weights that make a channel, ties by
 * file order; `zero` takes channels out that are 0 whatever comes in, so that nothing changes: their weights are, what is added to
 * them is, and the mean that normalization subtracts, or its scale. A channel with NaN stays, and one always does.
 */
export async function chooseChannels(
  group: ChannelGroup,
  entryOf: (tensor: string) => TensorEntry,
  { share, criterion, multiple }: ChannelChoice,
  work: Work,
): Promise<{ readonly kept: Uint32Array; readonly constant: number }> {
  const { channels } = group;
  const norms = new Float64Array(channels);
  const add = criterion === 'l1' ? Math.abs : (value: number): number => value * value;
  for (const { tensor, axis, part } of group.members)
    if (part === 'producer') await addAlong(entryOf(tensor), axis, norms, add, work);
  const order = Array.from(norms, (_, channel) => channel).sort((a, b) => rank(norms[a]!) - rank(norms[b]!) || a - b);
  if (criterion !== 'zero') {
    const staying = Math.max(1, channels - roundHalfEven(share * channels));
    const rounded = Math.min(channels, Math.ceil(staying / multiple) * multiple);
    const going = order.slice(0, channels - rounded).filter((channel) => !Number.isNaN(norms[channel]!));
    return { kept: without(channels, new Set(going)), constant: 0 };
  }
  const sumOf = async (...parts: readonly Member['part'][]): Promise<Float64Array> => {
    const sums = new Float64Array(channels);
    for (const { tensor, axis, part } of group.members)
      if (parts.includes(part)) await addAlong(entryOf(tensor), axis, sums, Math.abs, work);
    return sums;
  };
  const [offsets, scales, means] = [await sumOf('bias', 'beta'), await sumOf('gamma'), await sumOf('mean')];
  const empty = order.filter((channel) => norms[channel] === 0);
  const still = empty.filter((channel) => offsets[channel] === 0 && (means[channel] === 0 || scales[channel] === 0));
  const rounded = Math.min(channels, Math.max(1, Math.ceil((channels - still.length) / multiple) * multiple));
  return {
    kept: without(channels, new Set(still.slice(0, channels - rounded))),
    constant: empty.length - still.length,
  };
}

const rank = (norm: number): number => (Number.isNaN(norm) ? Number.POSITIVE_INFINITY : norm);

const without = (channels: number, going: ReadonlySet<number>): Uint32Array =>
  Uint32Array.from(Array.from({ length: channels }, (_, channel) => channel).filter((channel) => !going.has(channel)));

async function addAlong(
  entry: TensorEntry,
  axis: number,
  sums: Float64Array,
  term: (value: number) => number,
  work: Work,
): Promise<void> {
  const inner = entry.shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  for (let begin = 0; begin < entry.elements; begin += WINDOW_ELEMENTS) {
    work.signal.throwIfAborted();
    const values = await readValues(entry, begin, Math.min(WINDOW_ELEMENTS, entry.elements - begin), work.signal);
    for (let i = 0; i < values.length; i++) {
      const channel = Math.floor((begin + i) / inner) % sums.length;
      sums[channel] = sums[channel]! + term(Number(values[i]!));
    }
    await breathe();
  }
}
