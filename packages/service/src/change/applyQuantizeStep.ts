import { fail, ok, type Work } from '@espalier/base';
import type { ChangeNote } from '@espalier/protocol';
import { chooseLayers, type LayerRules, type PrunableLayer } from '@espalier/pruning';
import { assignSchemes, clampedEntry, type GgufType, type How, type PostTrainingOptions } from '@espalier/quantization';
import { isFloat } from '@espalier/tensor';
import { type EditedTensor, entryAfter, headAfter } from './edited.js';
import { type MixedCandidate, mixedBits } from './quantize/mixedBits.js';
import { type ActivationOptions, quantizeActivations } from './quantize/quantizeActivations.js';
import { toBlocks } from './quantize/toBlocks.js';
import { type Quantized, toCodes } from './quantize/toCodes.js';
import { toHalves } from './quantize/toHalves.js';
import type { ApplyStep } from './step.js';

/** The first and the last layer stay as they are unless a rule says otherwise. */
const ENDS: LayerRules = { layers: [], roles: ['first', 'last'], minElements: 0, preset: 'none' };

type Options = PostTrainingOptions & {
  readonly type?: GgufType;
  readonly activations?: Partial<ActivationOptions>;
};

const ACTIVATIONS: ActivationOptions = { bits: 8, calibration: 'percentile', percentile: 99.99, seed: 1 };

/**
 * What a step that stores weights with few bits makes of a state. Tensors that are not chosen, or that are stored with few bits already, stay with the reason. Faults:
 * `quantize/non-finite`, `quantize/nothing`, those of the sources.
 */
export const applyQuantizeStep: ApplyStep = async (state, step, exclude, open, work, runtime) => {
  const heads = state.tensors.map(headAfter);
  const { graph } = state.checkpoint;
  const rules = [exclude, step.exclude];
  const excluded = chooseLayers(heads, rules, graph).leftAlone;
  const byDefault = chooseLayers(heads, [...rules, ENDS], graph);
  const options = step.options as Options;
  const activations: ActivationOptions = { ...ACTIVATIONS, ...options.activations };
  const weights = new Set(byDefault.chosen.map(({ name }) => name));
  const { how: assigned, idle } = assignSchemes(heads, weights, options);
  const how = new Map(assigned);
  const notes: ChangeNote[] = idle.map((match) => ({
    code: 'quantize/idle-rule',
    severity: 'warning',
    message: `The rule for ${match} matches no tensor.`,
  }));
  if (step.method !== 'gguf' && options.mixed !== undefined) {
    const candidates = state.tensors.flatMap((tensor): MixedCandidate[] => {
      const { name } = tensor.head;
      const own = assigned.get(name);
      const chosen = own?.scheme.kind === 'uniform' && !own.ruled && whyNot(tensor, excluded.get(name)) === null;
      // One storage counts once, and has the bits of the tensor that it is of.
      if (!chosen || own === undefined || twinOf(tensor, state.tensors) !== undefined) return [];
      return [{ head: headAfter(tensor), entry: entryAfter(tensor), how: own }];
    });
    const mixed = await mixedBits(candidates, options.mixed, work);
    if (!mixed.ok) return mixed;
    for (const [name, own] of mixed.value.how) how.set(name, own);
    notes.push(mixed.value.note);
  }
  const opset = Number(/ai\.onnx (\d+)/.exec(state.checkpoint.metadata['opset'] ?? '')?.[1] ?? 0);
  const tensors: EditedTensor[] = [];
  let changed = 0;
  for (const [done, tensor] of state.tensors.entries()) {
    work.signal.throwIfAborted();
    const head = headAfter(tensor);
    const twin = twinOf(tensor, state.tensors);
    const own = (name: string): How | 'blocks' | undefined =>
      step.method !== 'gguf' ? how.get(name) : weights.has(name) ? 'blocks' : undefined;
    const mine = own(head.name) ?? (twin === undefined ? undefined : own(twin.head.name));
    const why =
      whyNot(tensor, excluded.get(head.name)) ??
      (mine === undefined ? (byDefault.leftAlone.get(head.name) ?? 'kept') : null);
    if (why !== null || mine === undefined) {
      tensors.push({ ...tensor, leftAlone: why });
      continue;
    }
    work.progress({ done, total: state.tensors.length, label: head.name });
    // One storage, one quantization: codes follow from values, so both get the same.
    const entry = twin === undefined ? entryAfter(tensor) : { ...entryAfter(twin), name: head.name };
    const layer = { head, entry };
    const made = await makeOf(layer, mine, options, opset, work);
    if (made.kind === 'fault' && options.nonFinite !== 'keep') return fail(made.fault);
    if (made.kind === 'done' && made.note !== undefined) notes.push(made.note);
    if (made.kind === 'done') {
      const { mask: _, ...unmasked } = tensor;
      tensors.push({ ...unmasked, after: made.replacement, steps: [...tensor.steps, step.id], leftAlone: null });
      changed++;
      continue;
    }
    const reason = made.kind === 'fault' ? made.fault.message : made.why;
    if (made.kind === 'fault')
      notes.push({ code: made.fault.code, severity: 'warning', message: reason, tensor: head.name });
    tensors.push({ ...tensor, leftAlone: reason });
  }
  if (changed === 0) {
    const reasons = [...new Set(tensors.flatMap(({ leftAlone }) => leftAlone ?? []))].filter(
      (why) => !why.includes('not a weight'),
    );
    return fail({
      code: 'quantize/nothing',
      message: `No tensor is left to quantize${reasons.length === 0 ? '.' : `: ${reasons.slice(0, 3).join('; ')}.`}`,
      file: state.checkpoint.files[0]?.name ?? '',
    });
  }
  const after = { ...state, tensors, notes: [...state.notes, ...notes, ...losses(tensors)] };
  const { samples } = activations;
  if (samples === undefined) return ok(after);
  if (runtime === 'planning') return ok({ ...after, notes: [...after.notes, LATER] });
  if (runtime === null)
    return fail({
      code: 'runtime/untrusted',
      message: 'Samples run through the model with code of this folder, which is not trusted.',
    });
  const found = await runtime();
  if (!found.ok) return found;
  return await quantizeActivations(after, { ...activations, samples }, { open, runtime: found.value }, work);
};

const LATER: ChangeNote = {
  code: 'quantize/activations',
  severity: 'information',
  message: 'The ranges of activations are known when the recipe has run.',
};

/** What becomes of a tensor; where that is asked for, without the values that have no code. */
async function makeOf(
  layer: PrunableLayer,
  how: How | 'blocks',
  options: Options,
  opset: number,
  work: Work,
): Promise<Quantized & { readonly note?: ChangeNote }> {
  const make = async (one: PrunableLayer): Promise<Quantized> => {
    if (how === 'blocks') return await toBlocks(one, options.type ?? 'Q8_0', work);
    if (how.scheme.kind === 'half') return await toHalves(one, how.scheme.dtype, work);
    return await toCodes(one, how, { opset, recipe: JSON.stringify(options) }, work);
  };
  const made = await make(layer);
  if (made.kind !== 'fault' || made.fault.code !== 'quantize/non-finite' || options.nonFinite !== 'clamp') return made;
  const { head, entry } = layer;
  const again = await make({ head, entry: await clampedEntry(entry, work) });
  const message = `${made.fault.message} Infinities became its largest finite magnitude, NaN became 0.`;
  const note: ChangeNote = { code: made.fault.code, severity: 'warning', message, tensor: head.name };
  return again.kind === 'done' ? { ...again, note } : again;
}

/** The tensor whose bytes this one is another name for, where the shape is the same. */
function twinOf({ head }: EditedTensor, tensors: readonly EditedTensor[]): EditedTensor | undefined {
  const { sharesStorageWith, shape } = head;
  if (sharesStorageWith === undefined) return undefined;
  const twin = tensors.find((tensor) => tensor.head.name === sharesStorageWith);
  return twin?.head.shape.join() === shape.join() ? twin : undefined;
}

/** Why a tensor cannot be stored with fewer bits; null where it can. */
function whyNot(tensor: EditedTensor, excluded: string | undefined): string | null {
  const { entry, after } = tensor;
  if (excluded?.startsWith('excluded')) return excluded;
  if (entry.data.kind === 'none') return 'its values cannot be read';
  if (after?.stored !== undefined) return 'an earlier step quantized it';
  if (entry.elements < 2) return 'a single number';
  if (!isFloat(entry.storage as never)) return `stored as ${entry.storage}: quantized already, or no numbers to round`;
  return null;
}

/** Fewer decibels than these are told, by the bits of a code: signs lose as much as they lose. */
function limitOf(bits: number): number {
  if (bits === 1) return Number.NEGATIVE_INFINITY;
  return bits <= 4 ? 15 : 30;
}

/** Layers that are named one by one. */
const NAMED = 3;

/** What people should know of the losses. */
function losses(tensors: readonly EditedTensor[]): ChangeNote[] {
  const all = tensors.flatMap(({ head, after }) =>
    after?.quantization === undefined ? [] : [{ name: head.name, ...after.quantization }],
  );
  const notes: ChangeNote[] = [];
  const binary = all.filter(({ scheme }) => scheme === 'binary').length;
  if (binary > 0) {
    notes.push({
      code: 'quantize/untrained-binary',
      severity: 'warning',
      message: `${binary} ${binary === 1 ? 'layer is' : 'layers are'} signs without training: not usable as is.`,
    });
  }
  const low = all
    .filter(({ sqnrDb, bits }) => typeof sqnrDb === 'number' && sqnrDb < limitOf(bits))
    .sort((a, b) => Number(a.sqnrDb) - Number(b.sqnrDb));
  for (const { name, sqnrDb, scheme } of low.slice(0, NAMED)) {
    notes.push({
      code: 'quantize/low-sqnr',
      severity: 'warning',
      message: `${name} keeps ${Number(sqnrDb).toFixed(1)} dB as ${scheme}: give it more bits, or smaller groups.`,
      tensor: name,
    });
  }
  if (low.length > NAMED) {
    notes.push({
      code: 'quantize/low-sqnr',
      severity: 'warning',
      message: `${low.length - NAMED} more layers lose as much.`,
    });
  }
  return notes;
}
