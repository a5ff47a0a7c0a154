import { fail, invariant, ok } from '@espalier/base';
import type { ChangeNote } from '@espalier/protocol';
import { chooseLayers, methods, type PrunableLayer, whyNotMaskable } from '@espalier/pruning';
import { type EditedTensor, entryAfter, headAfter, layerOf, unmasked } from './edited.js';
import type { ApplyStep } from './step.js';

/**
 * What a step that decides which weights stay makes of a state. Layers that are not chosen, or into which zeros cannot be written, stay with the reason. Faults: those of the
 * method and of the sources, and `prune/nothing-to-prune`.
 */
export const applyMaskStep: ApplyStep = async (state, step, exclude, open, work) => {
  const method = methods.find(({ description }) => description.verb === step.verb && description.name === step.method);
  invariant(method !== undefined, `no method ${step.verb} ${step.method}`);
  const choice = chooseLayers(state.tensors.map(headAfter), [exclude, step.exclude], state.checkpoint.graph);
  const leftAlone = new Map(choice.leftAlone);
  const byName = new Map(state.tensors.map((tensor) => [tensor.head.name, tensor]));
  const chosen = choice.chosen.flatMap(({ name }): EditedTensor[] => {
    const tensor = byName.get(name)!;
    const why =
      tensor.after?.stored === undefined
        ? whyNotMaskable(unmasked(tensor).entry)
        : 'an earlier step quantized it: prune before';
    if (why !== null) leftAlone.set(name, why);
    return why === null ? [tensor] : [];
  });
  if (chosen.length === 0) {
    const reasons = new Set([...leftAlone.values()].filter((why) => !why.includes('not a weight')));
    return fail({
      code: 'prune/nothing-to-prune',
      message: `No weight is left to ${step.verb}${reasons.size === 0 ? ': there is no weight of a convolution or a linear layer.' : `: ${[...reasons].slice(0, 3).join('; ')}.`}`,
      file: state.checkpoint.files[0]?.name ?? '',
    });
  }
  // Methods see what the masks so far leave, or make structure of them: each returns the mask that holds afterwards.
  const layers = chosen.map(layerOf);
  const { graph } = state.checkpoint;
  const tensorsNow = state.tensors.map(
    (tensor): PrunableLayer => ({ head: headAfter(tensor), entry: entryAfter(tensor) }),
  );
  const context = { work, open, tensors: tensorsNow, ...(graph === undefined ? {} : { graph }) };
  const answer = await method.masks(layers, step.options, context);
  if (!answer.ok) return answer;
  const notes: ChangeNote[] = [...answer.value.notes];
  const { masks } = answer.value;
  for (const [name, { kept }] of masks) if (kept === 0) notes.push(emptied(name));
  const tensors = state.tensors.map((tensor): EditedTensor => {
    const mask = masks.get(tensor.head.name);
    if (mask === undefined) return { ...tensor, leftAlone: leftAlone.get(tensor.head.name) ?? tensor.leftAlone };
    return { ...tensor, mask, steps: [...tensor.steps, step.id], leftAlone: null };
  });
  return ok({ ...state, tensors, notes: [...state.notes, ...notes] });
};

const emptied = (name: string): ChangeNote => ({
  code: 'prune/layer-empty',
  severity: 'warning',
  message: `All weights of ${name} would be zero: the layer gives a constant.`,
  tensor: name,
});
