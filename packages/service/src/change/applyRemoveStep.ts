import { fail, ok } from '@espalier/base';
import { type GraphEdit, readValues, type TensorEntry } from '@espalier/checkpoint';
import type { TensorHead } from '@espalier/model';
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
} from '@espalier/pruning';
import { type EditedTensor, type EditState, entryAfter, headAfter } from './edited.js';
import type { RemovedChannels } from './shapeManifest.js';
import type { ApplyStep } from './step.js';

/** Constants with so many numbers at most are read to follow the graph: axes, shapes, limits. */
const SMALL_ELEMENTS = 16;

/**
 * What taking channels out makes of a state. Groups with a layer that is excluded, quantized before or not understood stay, with the reason. Faults: `remove/no-graph`,
 * `prune/nothing-to-prune`, those of the sources.
 */
export const applyRemoveStep: ApplyStep = async (state, step, exclude, _open, work) => {
  const { graph } = state.checkpoint;
  if (graph?.dialect !== 'onnx')
    return fail({
      code: 'remove/no-graph',
      message:
        'Channels can be taken out of ONNX models only: other formats do not tell which channels depend on each other.',
      expected: 'ONNX',
      found: state.checkpoint.format,
    });
  const byName = new Map(state.tensors.map((tensor) => [tensor.head.name, tensor]));
  const numbers = await smallConstants(state);
  const shapeOf = (name: string): readonly number[] | undefined => {
    const tensor = byName.get(name);
    return tensor === undefined || tensor.after?.stored !== undefined ? undefined : headAfter(tensor).shape;
  };
  const found = channelGroups(graph, { shape: shapeOf, numbers: (name) => numbers.get(name) });
  const choice = chooseLayers(state.tensors.map(headAfter), [exclude, step.exclude], graph);
  const leftAlone = new Map([...found.leftAlone, ...choice.leftAlone]);
  const chosen = new Set(choice.chosen.map(({ name }) => name));
  const options: ChannelChoice = {
    share: step.options['sparsity'] as number,
    criterion: step.options['criterion'] as Criterion,
    multiple: step.options['multiple'] as number,
  };
  const cuts = new Map<string, Cut[]>();
  const notes: ChangeNote[] = [];
  const edits: GraphEdit[] = [];
  for (const [done, group] of found.groups.entries()) {
    const makers = group.members.filter(({ part }) => part === 'producer').map(({ tensor }) => tensor);
    work.progress({ done, total: found.groups.length, label: makers[0]! });
    const excluded = makers.find((name) => !chosen.has(name));
    if (excluded !== undefined) {
      for (const name of makers)
        if (name !== excluded) leftAlone.set(name, `its channels are those of ${excluded}, which is left alone`);
      continue;
    }
    const entryOf = (name: string): TensorEntry => entryAfter(byName.get(name)!);
    const { kept, constant } = await chooseChannels(group, entryOf, options, work);
    if (constant > 0) notes.push(constantNote(makers, constant));
    if (kept.length === group.channels) {
      for (const name of makers)
        leftAlone.set(name, options.criterion === 'zero' ? 'no channel gives only 0' : 'as many channels stay');
      continue;
    }
    for (const { tensor, axis } of group.members)
      cuts.set(tensor, [...(cuts.get(tensor) ?? []), cutOf(group, kept, byName.get(tensor)!, axis)]);
    for (const node of group.depthwise)
      edits.push({ kind: 'set-attribute', node, attribute: 'group', value: kept.length });
    notes.push(removedNote(makers, group.channels - kept.length, group.channels));
  }
  if (cuts.size === 0)
    return fail({
      code: 'prune/nothing-to-prune',
      message: `No channel can be taken out${reasons(leftAlone)}.`,
      file: state.checkpoint.files[0]?.name ?? '',
    });
  const tensors = state.tensors.map((tensor): EditedTensor => {
    const own = cuts.get(tensor.head.name);
    if (own === undefined)
      return { ...tensor, leftAlone: leftAlone.get(tensor.head.name) ?? tensor.leftAlone ?? 'no channel of it goes' };
    const entry = cutEntry(entryAfter(tensor), own);
    const { mask: _, ...unmasked } = tensor;
    return {
      ...unmasked,
      after: { head: cutHead(headAfter(tensor), entry, own), entry },
      steps: [...tensor.steps, step.id],
      leftAlone: null,
    };
  });
  return ok({
    ...state,
    tensors,
    notes: [...state.notes, ...notes],
    graphEdits: [...(state.graphEdits ?? []), ...edits],
    removed: [...(state.removed ?? []), ...removedOf(cuts, byName)],
  });
};

/** Where positions were folded in after the channels, each channel takes as many places. */
function cutOf({ channels }: ChannelGroup, kept: Uint32Array, tensor: EditedTensor, axis: number): Cut {
  const places = headAfter(tensor).shape[axis]! / channels;
  if (places === 1) return { axis, kept };
  return {
    axis,
    kept: Uint32Array.from(
      { length: kept.length * places },
      (_, i) => kept[Math.floor(i / places)]! * places + (i % places),
    ),
  };
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
  makers.length === 1 ? makers[0]! : `${makers[0]} and ${makers.length - 1} more that are added to it`;

const removedNote = (makers: readonly string[], gone: number, of: number): ChangeNote => ({
  code: 'remove/channels',
  severity: 'information',
  message: `${among(makers)}: ${gone} of ${of} channels are taken out.`,
  tensor: makers[0]!,
});

const constantNote = (makers: readonly string[], count: number): ChangeNote => ({
  code: 'remove/constant',
  severity: 'warning',
  message: `${among(makers)}: ${count === 1 ? '1 channel has' : `${count} channels have`} no weights but ${count === 1 ? 'gives a constant' : 'give constants'}; ${count === 1 ? 'it stays' : 'they stay'}.`,
  tensor: makers[0]!,
});
