import type { DeviceProfile } from '@espalier/analysis';
import { type Fault, fail, ok, type Result, type Work } from '@espalier/base';
import { openCheckpoint } from '@espalier/checkpoint';
import { toHeads } from '@espalier/model';
import type { ChangeNote, LayerChange, Plan, PlanAnswer, PlanItem, PlannedStep, PlanQuery } from '@espalier/protocol';
import { SENSITIVITY_RATIOS } from '@espalier/protocol';
import { energyLost, type PrunableLayer } from '@espalier/pruning';
import {
  methodOf,
  type ParsedRecipe,
  parseRecipe,
  type Recipe,
  type SweepPoint,
  schema,
  sweepPoints,
} from '@espalier/recipe';
import { devicesOf } from '../budget/devicesOf.js';
import { plannedLimits } from '../budget/plannedLimits.js';
import { type ChangedProduct, deviceTimes } from '../devices/deviceTimes.js';
import { findDevices } from '../devices/findDevices.js';
import { recipeOutlook } from '../language/recipeOutlook.js';
import type { Files } from '../ports.js';
import { joinPath } from '../resolve/paths.js';
import { applyStep } from './applyStep.js';
import { changeTotals } from './changeTotals.js';
import { type EditState, headAfter } from './edited.js';
import { layerChange } from './layerChange.js';
import { layerMacs, MAC_CONVENTION } from './layerMacs.js';
import { type OpenInput, openInput } from './openInput.js';
import { contentOf, destinationOf } from './outputs.js';
import { withWishes } from './planWishes.js';
import { manifestName, needsManifest } from './shapeManifest.js';
import type { StepRuntime } from './step.js';
import { pointLabel } from './sweepTexts.js';

/** What a recipe would do. Nothing is written. Items arrive as layers are worked out; aborts fly. */
export async function planRecipe(
  query: PlanQuery,
  files: Files,
  work: Work,
  onItem: (item: PlanItem) => void,
  now: () => number = () => performance.now(),
): Promise<PlanAnswer> {
  const parsed = parseRecipe(query.recipe);
  if (parsed.recipe === null) return { kind: 'problems', problems: parsed.problems };
  const points = sweepPoints(parsed);
  const recipe = points.length === 0 ? parsed.recipe : parseRecipe(points[0]!.text).recipe!;
  const input = await openInput(files, joinPath(query.folder, recipe.inputs[0]!.path), work.signal);
  if (!input.ok) return { kind: 'fault', fault: input.fault };
  try {
    const edited = await applySteps(recipe, query.folder, input.value, files, work);
    if (!edited.ok) return { kind: 'fault', fault: edited.fault };
    const devices = await findDevices(recipe.devices, query.folder, files, work.signal);
    if (!devices.ok) return { kind: 'fault', fault: devices.fault };
    const plan = await planOf(
      { recipe, folder: query.folder, devices: devices.value },
      input.value,
      edited.value,
      work,
      onItem,
    );
    if (!plan.ok) return { kind: 'fault', fault: plan.fault };
    const wished = await withWishes(query, plan.value, edited.value, now, {
      ...work,
      progress: ({ done, total, label }) => onItem({ kind: 'progress', done, total: total ?? 0, label: label ?? '' }),
    });
    return wished.ok
      ? {
          kind: 'plan',
          plan: {
            ...wished.value,
            notes: [
              ...sweepNotes(points),
              ...globNotes(parsed, input.value),
              ...(await budgetNotes(recipe, query.folder, edited.value, plan.value, files, work.signal)),
              ...plan.value.notes,
            ],
          },
        }
      : { kind: 'fault', fault: wished.fault };
  } finally {
    await input.value.state.checkpoint.close();
  }
}

/** Of a sweep the first point is planned, and that is said. */
const sweepNotes = (points: readonly SweepPoint[]): Plan['notes'] =>
  points.length === 0
    ? []
    : [
        {
          code: 'recipe/sweep',
          severity: 'information',
          message: `The recipe is a sweep of ${points.length} points. This is the first: ${pointLabel(points[0]!.values)}.`,
        },
      ];

/** Limits that the result would break, as far as a plan tells. */
async function budgetNotes(
  { budget }: Recipe,
  folder: string,
  { tensors, checkpoint }: EditState,
  plan: Plan,
  files: Files,
  signal: AbortSignal,
): Promise<Plan['notes']> {
  if (budget === null) return [];
  const macs = layerMacs(
    checkpoint,
    tensors.map(({ head }) => head),
  );
  // Each weight is multiplied as often as before, whatever channels are gone.
  const left = new Map(
    tensors.flatMap((tensor): [string, number][] => {
      const { head } = tensor;
      const own = head.prunable ? macs?.get(head.layer) : undefined;
      return own === undefined ? [] : [[head.layer, (own * headAfter(tensor).elements) / Math.max(1, head.elements)]];
    }),
  );
  return plannedLimits(budget, {
    heads: tensors.map(headAfter),
    layers: plan.layers,
    bytes: plan.outputs[0]?.bytes ?? null,
    macs: macs === null ? null : left,
    devices: await devicesOf(budget, folder, files, signal),
  });
}

/** Globs that match nothing do nothing: a person meant something else. */
function globNotes(parsed: ParsedRecipe, { state }: OpenInput): Plan['notes'] {
  const { problems } = recipeOutlook(
    parsed,
    state.tensors.map(({ head }) => head),
    state.checkpoint.graph,
  );
  return problems
    .filter(({ code }) => code === 'recipe/no-match')
    .map(({ code, message }) => ({ code, severity: 'warning', message }));
}

/** The input after every step of the recipe. */
export async function applySteps(
  recipe: Recipe,
  folder: string,
  { state }: OpenInput,
  files: Files,
  work: Work,
  runtime: StepRuntime = 'planning',
): Promise<Result<EditState, Fault>> {
  const opened: { close(): Promise<void> }[] = [];
  const open = async (path: string): Promise<Result<readonly PrunableLayer[], Fault>> => {
    const source = await files.open(joinPath(folder, path), work.signal);
    if (!source.ok) return source;
    const checkpoint = await openCheckpoint(source.value, { signal: work.signal });
    if (!checkpoint.ok) return checkpoint;
    opened.push(checkpoint.value);
    const heads = toHeads(checkpoint.value);
    return ok(checkpoint.value.tensors.map((entry, i) => ({ head: heads[i]!, entry })));
  };
  let edited = state;
  try {
    for (const [done, step] of recipe.steps.entries()) {
      work.signal.throwIfAborted();
      work.progress({ done, total: recipe.steps.length, label: step.id });
      const next = await applyStep(edited, step, recipe.exclude, open, work, runtime);
      if (!next.ok) return next;
      edited = next.value;
    }
  } finally {
    for (const checkpoint of opened) await checkpoint.close();
  }
  return ok(edited);
}

/** A recipe, the folder that its paths start from, and the devices that it names. */
interface PlannedRecipe {
  readonly recipe: Recipe;
  readonly folder: string;
  readonly devices: readonly DeviceProfile[];
}

export async function planOf(
  { recipe, folder, devices }: PlannedRecipe,
  { path, name, state: { checkpoint } }: OpenInput,
  edited: EditState,
  work: Work,
  onItem: (item: PlanItem) => void,
): Promise<Result<Plan, Fault>> {
  const heads = edited.tensors.map(({ head }) => head);
  const macs = layerMacs(checkpoint, heads);
  const layers: LayerChange[] = [];
  const sensitivity: Plan['sensitivity'][number][] = [];
  for (const [done, tensor] of edited.tensors.entries()) {
    work.signal.throwIfAborted();
    onItem({ kind: 'progress', done, total: edited.tensors.length, label: tensor.head.name });
    const ownMacs = tensor.head.prunable ? (macs?.get(tensor.head.layer) ?? null) : null;
    const change = await layerChange(tensor, ownMacs, work);
    if (!change.ok) return change;
    layers.push(change.value);
    onItem({ kind: 'layer', layer: change.value });
    if (tensor.steps.length === 0) continue;
    const lost = await energyLost(tensor, SENSITIVITY_RATIOS, work);
    if (lost.every(Number.isFinite)) sensitivity.push({ name: tensor.head.name, energyLost: lost });
  }
  const own = layers.filter((_, i) => heads[i]!.sharesStorageWith === undefined);
  const destinations = recipe.outputs.map((output) => destinationOf(output, folder, { path, name, state: edited }));
  const refused = destinations.find((destination) => !destination.ok);
  if (refused !== undefined && !refused.ok) return fail(refused.fault);
  // What a writer cannot write is said before anybody runs it.
  const written: number[] = [];
  for (const [i, destination] of destinations.entries()) {
    if (!destination.ok) continue;
    const { writer } = destination.value;
    const content = contentOf(edited, {}, writer.format, recipe.outputs[i]!.masks);
    if (!content.ok) return content;
    const refusal = writer.refuses(content.value);
    if (refusal !== null) return fail(refusal);
    written.push(
      writer.bytesOf?.(content.value) ?? content.value.tensors.reduce((sum, { byteLength }) => sum + byteLength, 0),
    );
  }
  const estimated = deviceTimes(
    edited.tensors.flatMap((tensor, i): ChangedProduct[] =>
      tensor.steps.length === 0
        ? []
        : [
            {
              change: layers[i]!,
              before: tensor.head,
              after: headAfter(tensor),
              macs: macs?.get(tensor.head.layer) ?? null,
            },
          ],
    ),
    devices,
  );
  const bytes = checkpoint.files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  return ok({
    input: { path, name, format: checkpoint.format, formatLabel: checkpoint.formatLabel, bytes },
    steps: recipe.steps.map((step): PlannedStep => {
      const summary = methodOf(schema, step.verb, step.method)?.summary ?? '';
      const tensors = edited.tensors.filter(({ steps }) => steps.includes(step.id)).length;
      return { id: step.id, verb: step.verb, method: step.method, options: step.options, summary, tensors };
    }),
    layers: layers.map((layer) => {
      const times = estimated.layers.get(layer.name);
      return times === undefined ? layer : { ...layer, latency: { ...times, ways: [] } };
    }),
    ...(estimated.totals.length === 0 ? {} : { devices: estimated.totals }),
    totals: changeTotals(own, macs === null ? null : MAC_CONVENTION),
    outputs: destinations.flatMap((destination, i) =>
      destination.ok
        ? [{ path: destination.value.path, format: destination.value.writer.format, bytes: written[i] ?? bytes }]
        : [],
    ),
    notes: [...edited.notes, ...manifestNotes(recipe, edited, destinations)],
    sensitivity,
  });
}

/** Says of a state dict made from something that knew more, or of another shape, what lies beside it. */
function manifestNotes(
  { outputs }: Recipe,
  edited: EditState,
  destinations: readonly ReturnType<typeof destinationOf>[],
): ChangeNote[] {
  return destinations.flatMap((destination, i) => {
    if (!destination.ok) return [];
    const { checkpoint } = edited;
    const { name, writer } = destination.value;
    const content = contentOf(edited, {}, writer.format, outputs[i]!.masks);
    if (!content.ok || !needsManifest(checkpoint, edited, writer, content.value)) return [];
    const message = `${name} holds the tensors of the ${checkpoint.formatLabel} input as ${writer.label}, without its structure; ${manifestName(name)} beside it tells layers, shapes and what was removed.`;
    return [{ code: 'output/shape-manifest', severity: 'information', message }];
  });
}
