import { type Fault, fail, ok } from '@espalier/base';
import { type Graph, readValues, type TensorEntry } from '@espalier/checkpoint';
import { operatorCosts, type TensorHead } from '@espalier/model';
import type { ChangeNote } from '@espalier/protocol';
import {
  type ChannelChoice,
  type ChannelGroup,
  type Criterion,
  type Cut,
  channelGroups,
  chooseChannels,
  chooseLayers,
  cutEntry,
  type FamilyGroups,
  type Fold,
  familyGroups,
  type Look,
} from '@espalier/pruning';
import { type EditedTensor, type EditState, entryAfter, headAfter } from './edited.js';
import { type ExtentChanges, extentChanges } from './removeExtents.js';
import { foldChanges } from './removeFolds.js';
import type { RemovedChannels } from './shapeManifest.js';
import type { ApplyStep } from './step.js';

/** Constants with so many numbers at most are read to follow the graph: axes, shapes, limits. */
const SMALL_ELEMENTS = 16;
/** Offsets and scales of channels have no more numbers than this. */
const MOST_CONSTANTS = 1 << 20;

/**
 * What taking channels out makes of a state. Groups with a layer that is excluded, quantized before or not understood stay, with the reason. Faults: `remove/no-graph`,
 * `prune/nothing-to-prune`, those of the sources.
 */
export const applyRemoveStep: ApplyStep = async (state, step, exclude, _open, work) => {
  const byName = new Map(state.tensors.map((tensor) => [tensor.head.name, tensor]));
  const entryOf = (name: string): TensorEntry => entryAfter(byName.get(name)!);
  const graph = state.checkpoint.graph?.dialect === 'onnx' ? state.checkpoint.graph : undefined;
  const numbers = graph === undefined ? new Map<string, readonly number[]>() : await smallConstants(state);
  const shapeOf = (name: string): readonly number[] | undefined => {
    const tensor = byName.get(name);
    return tensor === undefined || tensor.after?.stored !== undefined ? undefined : headAfter(tensor).shape;
  };
  const known =
    graph === undefined
      ? familyGroups(shapesOf(state), state.checkpoint.metadata)
      : {
          ok: true as const,
          found: channelGroups(withShapes(graph, state), { shape: shapeOf, numbers: (name) => numbers.get(name) }),
        };
  if (!known.ok) return fail(noGraph(state, known.why));
  const { found } = known;
  const choice = chooseLayers(state.tensors.map(headAfter), [exclude, step.exclude], graph);
  const leftAlone = new Map([...found.leftAlone, ...choice.leftAlone]);
  const chosen = new Set(choice.chosen.map(({ name }) => name));
  const options: ChannelChoice = {
    share: step.options['sparsity'] as number,
    criterion: step.options['criterion'] as Criterion,
    multiple: step.options['multiple'] as number,
  };
  const look: Look = { masked: options.criterion !== 'zero', values: valuesOf(entryOf, work.signal), known: new Map() };
  const gone = new GonePlaces(shapeOf);
  const left = new Map<number, { readonly kept: number; readonly channels: number }>();
  const folds: Fold[] = [];
  const notes: ChangeNote[] = 'family' in known ? familyNotes(known) : [];
  for (const [done, group] of found.groups.entries()) {
    const makers = makersOf(group);
    work.progress({ done, total: found.groups.length, label: makers[0]! });
    const excluded = makers.find((name) => !chosen.has(name));
    if (excluded !== undefined) {
      for (const name of makers)
        if (name !== excluded) leftAlone.set(name, `its channels are those of ${excluded}, which is left alone`);
      continue;
    }
    const taken = await chooseChannels(group, entryOf, options, look, work);
    const { kept, constant } = taken;
    if (constant > 0) notes.push(constantNote(makers, constant, options.criterion));
    if (kept.length === group.channels) {
      for (const name of makers) leftAlone.set(name, whyNone(options.criterion, constant));
      continue;
    }
    gone.add(group, kept);
    left.set(group.space, { kept: kept.length, channels: group.channels });
    folds.push(...taken.folds);
    notes.push(removedNote(makers, group, kept.length));
  }
  const cuts = gone.cuts();
  if (cuts.size === 0)
    return fail({
      code: 'prune/nothing-to-prune',
      message: `No channel can be taken out${reasons(leftAlone)}.`,
      file: state.checkpoint.files[0]?.name ?? '',
    });
  const folded = await foldChanges(folds, entryOf, (tensor) => cuts.get(tensor) ?? [], work);
  if (folds.length > 0) notes.push(foldedNote(new Set(folds.map(({ weight }) => weight)).size));
  const constantOf = (name: string) => {
    const own = numbers.get(name);
    return own === undefined ? undefined : { entry: entryOf(name), numbers: own };
  };
  const extents: ExtentChanges =
    graph === undefined
      ? { edits: [], entries: new Map() }
      : extentChanges(graph, found.extents, (space) => left.get(space), constantOf);
  const configured = configurationNote(state);
  if (configured !== null) notes.push(configured);
  const changed = new Map([...folded.entries, ...extents.entries]);
  const tensors = state.tensors.map((tensor): EditedTensor => {
    const { name } = tensor.head;
    const own = cuts.get(name);
    if (own === undefined && !changed.has(name))
      return { ...tensor, leftAlone: leftAlone.get(name) ?? tensor.leftAlone ?? 'no channel of it goes' };
    const entry = cutEntry(changed.get(name) ?? entryAfter(tensor), own ?? []);
    const { mask: _, ...unmasked } = tensor;
    return {
      ...unmasked,
      after: { head: cutHead(headAfter(tensor), entry, own ?? []), entry },
      steps: [...tensor.steps, step.id],
      leftAlone: null,
    };
  });
  return ok({
    ...state,
    tensors,
    notes: [...state.notes, ...notes],
    graphEdits: [...(state.graphEdits ?? []), ...folded.edits, ...extents.edits],
    removed: [...(state.removed ?? []), ...removedOf(cuts, byName)],
  });
};

/** Shapes of tensors that can be cut: numbers that mean what they are. */
const shapesOf = ({ tensors }: EditState): Map<string, readonly number[]> =>
  new Map(
    tensors
      .filter(
        ({ entry, after, head }) => entry.packedFrom === undefined && after?.stored === undefined && !head.noValues,
      )
      .map((tensor) => [tensor.head.name, headAfter(tensor).shape]),
  );

const noGraph = ({ checkpoint }: EditState, why: string): Fault => ({
  code: 'remove/no-graph',
  message: `This file does not tell which channels depend on each other: ${why}.`,
  file: checkpoint.files[0]?.name ?? '',
  expected: 'an ONNX model, or the state dict of a family that is known',
  found: checkpoint.formatLabel,
});

const familyNotes = ({ family, notes }: Extract<FamilyGroups, { ok: true }>): ChangeNote[] => [
  {
    code: 'remove/family',
    severity: 'information',
    message: `Which channels depend on each other is known from names and shapes: those of ${family}.`,
  },
  ...notes.map((message): ChangeNote => ({ code: 'remove/assumed', severity: 'warning', message })),
];

/** Widths that a configuration beside the weights still tells. */
function configurationNote({ checkpoint: { metadata } }: EditState): ChangeNote | null {
  const told = ['num_attention_heads', 'num_key_value_heads', 'intermediate_size'].filter((key) => key in metadata);
  if (told.length === 0) return null;
  const list = told.map((key) => `${key} ${metadata[key]}`).join(', ');
  return {
    code: 'remove/configuration',
    severity: 'warning',
    message: `The configuration of the input says ${list}: what is loaded needs the widths of the output, which its shape manifest lists.`,
  };
}

/** The graph with the shapes that follow from those of its inputs, where the file does not state them. */
function withShapes(graph: Graph, { tensors }: EditState): Graph {
  const values = new Map(graph.values);
  const costs = new Map(operatorCosts(graph, tensors.map(headAfter)).map((cost) => [cost.name, cost]));
  for (const { name, outputs } of graph.nodes) {
    const shape = costs.get(name)?.outputShape;
    const [value] = outputs;
    if (value !== undefined && shape && !values.get(value)?.shape) values.set(value, { ...values.get(value), shape });
  }
  return { ...graph, values };
}

const makersOf = ({ members }: ChannelGroup): string[] => [
  ...new Set(members.filter(({ part }) => part === 'producer').map(({ tensor }) => tensor)),
];

/** Offsets and scales as they are asked for; of larger tensors nothing is told. */
const valuesOf =
  (entryOf: (tensor: string) => TensorEntry, signal: AbortSignal): Look['values'] =>
  async (tensor) => {
    const entry = entryOf(tensor);
    if (entry.elements > MOST_CONSTANTS) return new Float64Array(0);
    return Float64Array.from(await readValues(entry, 0, entry.elements, signal), Number);
  };

/** Places of tensors that go, by tensor and axis; several groups may lie along one axis. */
class GonePlaces {
  private readonly places = new Map<string, Map<number, Uint8Array>>();

  constructor(private readonly shapeOf: (tensor: string) => readonly number[] | undefined) {}

  add({ channels, members }: ChannelGroup, kept: Uint32Array): void {
    const stays = new Set(kept);
    for (const { tensor, axis, offset, width } of members) {
      const axes = this.places.get(tensor) ?? new Map<number, Uint8Array>();
      this.places.set(tensor, axes);
      const gone = axes.get(axis) ?? new Uint8Array(this.shapeOf(tensor)![axis]!);
      axes.set(axis, gone);
      for (let place = 0; place < width; place++)
        if (!stays.has(Math.floor(place / (width / channels)))) gone[offset + place] = 1;
    }
  }

  cuts(): Map<string, Cut[]> {
    const cutOf = ([axis, gone]: [number, Uint8Array]): Cut => ({
      axis,
      kept: Uint32Array.from(gone.keys()).filter((place) => gone[place] === 0),
    });
    return new Map([...this.places].map(([tensor, axes]) => [tensor, [...axes].map(cutOf)]));
  }
}

function cutHead(head: TensorHead, entry: TensorEntry, cuts: readonly Cut[]): TensorHead {
  const ratio = (axes: readonly number[]): number =>
    cuts
      .filter(({ axis }) => axes.includes(axis))
      .reduce((share, { axis, kept }) => (share * kept.length) / head.shape[axis]!, 1);
  const { output, input } = head.axes;
  const groups = head.role === 'depthwise-conv' ? Math.round(head.axes.groups * ratio(output)) : head.axes.groups;
  return {
    ...head,
    shape: entry.shape,
    elements: entry.elements,
    bytes: entry.bytes,
    outputChannels: head.outputChannels === null ? null : Math.round(head.outputChannels * ratio(output)),
    inputChannels:
      head.inputChannels === null
        ? null
        : Math.round(head.inputChannels * ratio(head.role === 'depthwise-conv' ? output : input)),
    axes: { ...head.axes, groups },
  };
}

function removedOf(
  cuts: ReadonlyMap<string, readonly Cut[]>,
  byName: ReadonlyMap<string, EditedTensor>,
): RemovedChannels[] {
  return [...cuts].flatMap(([tensor, own]) =>
    own.map(({ axis, kept }) => {
      const stays = new Set(kept);
      const length = headAfter(byName.get(tensor)!).shape[axis]!;
      return { tensor, axis, indices: Array.from({ length }, (_, i) => i).filter((i) => !stays.has(i)) };
    }),
  );
}

async function smallConstants({ tensors }: EditState): Promise<ReadonlyMap<string, readonly number[]>> {
  const found = new Map<string, readonly number[]>();
  for (const { head, entry } of tensors)
    if (head.elements > 0 && head.elements <= SMALL_ELEMENTS && head.noValues === undefined && head.dtype !== 'string')
      found.set(head.name, Array.from(await readValues(entry, 0, head.elements), Number));
  return found;
}

const reasons = (leftAlone: ReadonlyMap<string, string>): string => {
  const all = [...new Set(leftAlone.values())].filter((why) => !why.includes('not a weight'));
  return all.length === 0 ? '' : `: ${all.slice(0, 3).join('; ')}`;
};

const among = (makers: readonly string[]): string =>
  makers.length === 1 ? makers[0]! : `${makers[0]} and ${makers.length - 1} more that go with it`;

/** Heads of attention and groups of convolutions are several channels that go together. */
function removedNote(makers: readonly string[], { channels, members }: ChannelGroup, kept: number): ChangeNote {
  const maker = members.find(({ tensor, part }) => part === 'producer' && tensor === makers[0])!;
  const each = maker.width / channels;
  return {
    code: 'remove/channels',
    severity: 'information',
    message: `${among(makers)}: ${channels - kept} of ${channels} ${each === 1 ? 'channels' : `groups of ${each} channels`} are taken out.`,
    tensor: makers[0]!,
  };
}

const constantNote = (makers: readonly string[], count: number, criterion: Criterion): ChangeNote => ({
  code: 'remove/constant',
  severity: 'warning',
  message: `${among(makers)}: ${count === 1 ? '1 channel' : `${count} channels`} ${criterion === 'zero' ? 'without weights' : 'with small weights'} ${count === 1 ? 'gives a constant' : 'give constants'} that cannot be an offset of what reads ${count === 1 ? 'it; it stays' : 'them; they stay'}.`,
  tensor: makers[0]!,
});

const foldedNote = (weights: number): ChangeNote => ({
  code: 'remove/folded',
  severity: 'information',
  message: `Constants of channels that were taken out are offsets of ${weights === 1 ? '1 layer' : `${weights} layers`} now.`,
});

function whyNone(criterion: Criterion, constant: number): string {
  if (constant > 0)
    return 'what its channels give without weights is a constant that cannot be an offset of what reads them';
  return criterion === 'zero' ? 'no channel is without weights' : 'as many channels stay';
}
