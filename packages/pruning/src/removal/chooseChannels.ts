import { breathe, type Work } from '@espalier/base';
import { readValues, type TensorEntry } from '@espalier/checkpoint';
import { roundHalfEven } from '../roundHalfEven.js';
import { evaluate, type Look, type Reading } from './constants.js';
import type { Fold } from './fold.js';
import type { ChannelGroup, Member } from './spaces.js';

export type Criterion = 'l1' | 'l2' | 'zero';

export interface ChannelChoice {
  /** Share of the channels that go, rounded half to even. */
  readonly share: number;
  readonly criterion: Criterion;
  /** What stays is rounded up to a multiple of this. */
  readonly multiple: number;
}

export interface ChosenChannels {
  /** Ascending. */
  readonly kept: Uint32Array;
  /** How many would have gone, but what they give is not 0 and cannot be an offset of what reads it. */
  readonly constant: number;
  /** Constants of channels that go, where they are not 0. */
  readonly folds: readonly Fold[];
}

const WINDOW_ELEMENTS = 1 << 20;

/**
 * Channels of a group that stay. `l1` and `l2` rank by the norm of all weights that make a channel, ties by file order; `zero` takes channels out that have no weights. What
 * such a channel gives is 0, or a constant that becomes an offset of what reads it, so the model gives what it gave; with `l1` and `l2`: what it gives when scale and
 * offset of the channels that go are 0 too. A channel with NaN stays, and one always does.
 */
export async function chooseChannels(
  group: ChannelGroup,
  entryOf: (tensor: string) => TensorEntry,
  { share, criterion, multiple }: ChannelChoice,
  look: Look,
  work: Work,
): Promise<ChosenChannels> {
  const { channels, members } = group;
  const norms = new Float64Array(channels);
  const add = criterion === 'l1' ? Math.abs : (value: number): number => value * value;
  for (const member of members)
    if (member.part === 'producer') await addAlong(entryOf(member.tensor), member, norms, add, work);
  const order = Array.from(norms, (_, channel) => channel).sort((a, b) => rank(norms[a]!) - rank(norms[b]!) || a - b);
  const wanted = criterion === 'zero' ? norms.filter((norm) => norm === 0).length : roundHalfEven(share * channels);
  if (wanted === 0) return { kept: without(channels, new Set()), constant: 0, folds: [] };
  const readings = await readingsOf(group, look);
  const stays = new Uint8Array(channels);
  for (const { member, constants, reading } of readings)
    for (let place = 0; place < member.width; place++) {
      const constant = constants[place]!;
      if (Number.isNaN(constant) || (constant !== 0 && reading.fold === null))
        stays[channelOf(member, channels, place)] = 1;
    }
  const first = order.slice(0, wanted).filter((channel) => !Number.isNaN(norms[channel]!));
  const free = first.filter((channel) => stays[channel] === 0);
  const rounded = Math.min(channels, Math.max(1, Math.ceil((channels - free.length) / multiple) * multiple));
  const going = new Set(free.slice(0, channels - rounded));
  return {
    kept: without(channels, going),
    constant: first.length - free.length,
    folds: readings.flatMap(({ member, constants, reading: { fold } }) => {
      const gone = constants.map((constant, place) => (going.has(channelOf(member, channels, place)) ? constant : 0));
      return fold === null || gone.every((constant) => constant === 0)
        ? []
        : [{ weight: member.tensor, axis: member.axis, offset: member.offset, constants: gone, into: fold }];
    }),
  };
}

interface ReadConstants {
  readonly member: Member;
  readonly reading: Reading;
  /** For each place of the member. */
  readonly constants: Float64Array;
}

async function readingsOf({ members }: ChannelGroup, look: Look): Promise<ReadConstants[]> {
  const all: ReadConstants[] = [];
  for (const member of members) {
    const { reading } = member;
    if (reading === undefined) continue;
    const values = await evaluate(reading.constant, look);
    const constants = Float64Array.from(
      { length: member.width },
      (_, place) => values[Math.floor((member.offset + place) / reading.places)]!,
    );
    all.push({ member, reading, constants });
  }
  return all;
}

const channelOf = ({ width }: Member, channels: number, place: number): number =>
  Math.floor(place / (width / channels));

const rank = (norm: number): number => (Number.isNaN(norm) ? Number.POSITIVE_INFINITY : norm);

const without = (channels: number, going: ReadonlySet<number>): Uint32Array =>
  Uint32Array.from(Array.from({ length: channels }, (_, channel) => channel).filter((channel) => !going.has(channel)));

async function addAlong(
  entry: TensorEntry,
  member: Member,
  sums: Float64Array,
  term: (value: number) => number,
  work: Work,
): Promise<void> {
  const { axis, offset, width } = member;
  const inner = entry.shape.slice(axis + 1).reduce((a, b) => a * b, 1);
  const length = entry.shape[axis]!;
  for (let begin = 0; begin < entry.elements; begin += WINDOW_ELEMENTS) {
    work.signal.throwIfAborted();
    const values = await readValues(entry, begin, Math.min(WINDOW_ELEMENTS, entry.elements - begin), work.signal);
    for (let i = 0; i < values.length; i++) {
      const place = (Math.floor((begin + i) / inner) % length) - offset;
      if (place < 0 || place >= width) continue;
      const channel = channelOf(member, sums.length, place);
      sums[channel] = sums[channel]! + term(Number(values[i]!));
    }
    await breathe();
  }
}
