import { type DeviceProfile, zerosOf } from '@espalier/analysis';
import { type Fault, FaultError, fail, ok, type Result, raise, type Work } from '@espalier/base';
import type { ChangeReport, LayerQuantization } from '@espalier/protocol';
import { type ParsedRecipe, parseRecipe, type Recipe } from '@espalier/recipe';
import { checkOutput } from '../budget/checkOutput.js';
import { findDevices } from '../devices/findDevices.js';
import { changedTimes } from '../latency/changedTimes.js';
import { wholeModelLatency } from '../latency/wholeModel.js';
import { joinPath } from '../resolve/paths.js';
import { changeReport } from './changeReport.js';
import { type EditedTensor, type EditState, entryAfter, headAfter } from './edited.js';
import { layerMacs } from './layerMacs.js';
import { type OpenInput, openInput } from './openInput.js';
import { contentOf, type Destination, destinationOf } from './outputs.js';
import { applySteps, planOf } from './planRecipe.js';
import type { ChangePorts } from './ports.js';
import { manifestName, needsManifest, shapeManifest } from './shapeManifest.js';
import { writeJson, writeJsonFile } from './writeJson.js';

export interface RunQuery {
  readonly recipe: string;
  readonly folder: string;
  readonly overwrite: boolean;
  /** `counts` tells zeros by layer, `full` everything that a report shows: it reads input and result again. */
  readonly detail: 'counts' | 'full';
  /** Do everything but write. */
  readonly dryRun?: boolean;
}

/** Zeros of a layer that a step touched. */
export interface LayerCount {
  readonly name: string;
  /** Of the output: channels that were taken out are no part of it. */
  readonly elements: number;
  /** Where channels were taken out: of the input. */
  readonly elementsBefore?: number;
  readonly zerosBefore: number;
  readonly zerosAfter: number;
  /** Where it is stored with few bits: how, and what that loses. */
  readonly quantization?: LayerQuantization;
}

export interface RunResult {
  readonly recipe: Recipe;
  readonly layers: readonly LayerCount[];
  readonly notes: ChangeReport['plan']['notes'];
  /** Of the input's tensors, and of what is stored in their place. */
  readonly bytes: { readonly before: number; readonly after: number };
  /** Null for a dry run. */
  readonly output: string | null;
  /** Only with `full`, and where something was written. */
  readonly report: { readonly path: string; readonly content: ChangeReport } | null;
}

export type RunFailure =
  | { readonly kind: 'problems'; readonly problems: ParsedRecipe['problems'] }
  | { readonly kind: 'fault'; readonly fault: Fault };

/**
 * Runs a recipe: reads the input, applies every step, writes the output and its report under temporary names, and renames them last. The input is never
 * changed; whatever goes wrong, and a cancel, leaves nothing behind. Aborts fly.
 */
export async function runRecipe(
  query: RunQuery,
  ports: ChangePorts,
  work: Work,
): Promise<Result<RunResult, RunFailure>> {
  const { recipe, problems } = parseRecipe(query.recipe);
  if (recipe === null) return fail({ kind: 'problems', problems });
  const failed = (fault: Fault): Result<RunResult, RunFailure> => fail({ kind: 'fault', fault });
  const devices = await findDevices(recipe.devices, query.folder, ports.files, work.signal);
  if (!devices.ok) return failed(devices.fault);
  const startedAt = ports.now();
  const path = joinPath(query.folder, recipe.inputs[0]!.path);
  const input = await openInput(ports.files, path, work.signal);
  if (!input.ok) return failed(input.fault);
  try {
    const output = recipe.outputs[0];
    if (output === undefined && query.dryRun !== true) {
      return failed({ code: 'recipe/no-output', message: 'The recipe has no output: nothing would be written.' });
    }
    const destination = output === undefined ? null : destinationOf(output, query.folder, input.value);
    if (destination !== null && !destination.ok) return failed(destination.fault);
    const before = await stampsOf(ports, input.value);
    const { findRuntime } = ports;
    const runtime = findRuntime === null ? null : () => findRuntime(query.folder);
    const edited = await applySteps(recipe, query.folder, input.value, ports.files, named(work, 'Deciding'), runtime);
    if (!edited.ok) return failed(edited.fault);
    const layers = await countLayers(edited.value, named(work, 'Counting'));
    if (!layers.ok) return failed(layers.fault);
    const result = {
      recipe,
      layers: layers.value,
      notes: edited.value.notes,
      bytes: bytesOf(edited.value, destination?.value.writer.format ?? 'safetensors'),
    };
    if (query.dryRun === true || destination === null) return ok({ ...result, output: null, report: null });
    return await write(query, ports, work, {
      recipe,
      devices: devices.value,
      input: input.value,
      edited: edited.value,
      destination: destination.value,
      before,
      startedAt,
      result,
    });
  } finally {
    await input.value.state.checkpoint.close();
  }
}

interface Written {
  readonly recipe: Recipe;
  readonly devices: readonly DeviceProfile[];
  readonly input: OpenInput;
  readonly edited: EditState;
  readonly destination: Destination;
  readonly before: string;
  readonly startedAt: number;
  readonly result: Pick<RunResult, 'recipe' | 'layers' | 'notes' | 'bytes'>;
}

async function write(
  query: RunQuery,
  ports: ChangePorts,
  work: Work,
  { recipe, devices, input, edited, destination, before, startedAt, result }: Written,
): Promise<Result<RunResult, RunFailure>> {
  const failed = (fault: Fault): Result<RunResult, RunFailure> => fail({ kind: 'fault', fault });
  const inputSha256 = query.detail === 'full' ? await hashOf(ports, input.path, work) : null;
  const metadata = {
    'espalier.recipe': query.recipe,
    'espalier.version': ports.version,
    'espalier.seed': String(recipe.seed),
    'espalier.input': input.name,
    ...(inputSha256 === null ? {} : { 'espalier.input.sha256': inputSha256 }),
  };
  const made = contentOf(edited, metadata, destination.writer.format, recipe.outputs[0]?.masks);
  if (!made.ok) return failed(made.fault);
  const content = made.value;
  const refusal = destination.writer.refuses(content);
  if (refusal !== null) return failed(refusal);
  const folder = ports.outputs(destination.folder, {
    overwrite: query.overwrite,
    inputs: [input.path, ...edited.checkpoint.files.map(({ name }) => joinPath(input.path, `../${name}`))],
    expectedBytes:
      destination.writer.bytesOf?.(content) ?? content.tensors.reduce((sum, { byteLength }) => sum + byteLength, 0),
  });
  let committed = false;
  try {
    await destination.writer.write(folder, destination.name, content, named(work, 'Writing'));
    if (needsManifest(edited.checkpoint, edited, destination.writer, content)) {
      await writeJson(
        folder,
        manifestName(destination.name),
        shapeManifest({
          checkpoint: destination.name,
          input: { name: input.name, format: edited.checkpoint.format },
          content,
          tensors: edited.tensors,
          ...(edited.removed === undefined ? {} : { removed: edited.removed }),
        }),
      );
    }
    if ((await stampsOf(ports, input)) !== before) {
      return failed({
        code: 'file/changed',
        message: 'The input changed while it was read: nothing was written.',
        file: input.name,
      });
    }
    if (query.detail === 'counts') {
      const done = await folder.commit();
      if (!done.ok) return failed(done.fault);
      committed = true;
      return ok({ ...result, output: destination.path, report: null });
    }
    const planned = { recipe, folder: query.folder, devices };
    const plan = await planOf(planned, input, edited, named(work, 'Measuring'), () => {});
    if (!plan.ok) return failed(plan.fault);
    const macs = layerMacs(
      edited.checkpoint,
      edited.tensors.map(({ head }) => head),
    );
    const times = await changedTimes(edited.tensors, macs, ports.now, named(work, 'Timing'));
    const done = await folder.commit();
    if (!done.ok) return failed(done.fault);
    committed = true;
    const whole = await wholeModelLatency(
      { before: input.path, after: destination.path },
      query.folder,
      ports,
      named(work, 'Timing'),
    );
    const accuracy = await evaluate(recipe, query, ports, input, destination, work);
    const { budget } = recipe;
    const limits =
      budget === null
        ? null
        : await checkOutput(
            budget,
            { path: destination.path, folder: query.folder },
            {
              accuracy: accuracy.accuracy?.after ?? null,
              accuracyMissing: `Accuracy was not measured: ${accuracy.missing ?? 'no evaluate command'}.`,
            },
            ports.files,
            ports.now,
            named(work, 'Checking'),
          );
    const report = changeReport({
      plan: { ...plan.value, notes: [...plan.value.notes, ...whole.notes] },
      times,
      wholeModel: whole.latency,
      recipeText: query.recipe,
      recipe,
      accuracy,
      limits: limits?.map(({ code, verdict, message }) => ({ code, verdict, message })) ?? null,
      inputSha256: inputSha256!,
      outputSha256: await hashOf(ports, destination.path, work),
      outputBytes: done.value.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
      machine: ports.machine,
      version: ports.version,
      startedAt: ports.today(),
      seconds: (ports.now() - startedAt) / 1000,
    });
    // Once the output is there: a report never speaks of a file that does not exist.
    const reportPath = await writeJsonFile(ports, destination.folder, `${destination.name}.report.json`, report);
    return ok({ ...result, output: destination.path, report: { path: reportPath, content: report } });
  } catch (error) {
    if (error instanceof FaultError) return failed(error.fault);
    throw error;
  } finally {
    if (!committed) await folder.discard();
  }
}

/** Zeros before and after of every layer that a step touched. */
async function countLayers({ tensors }: EditState, work: Work): Promise<Result<LayerCount[], Fault>> {
  const touched = tensors.filter(({ steps }) => steps.length > 0);
  const counts: LayerCount[] = [];
  for (const [done, tensor] of touched.entries()) {
    work.progress({ done, total: touched.length, label: tensor.head.name });
    const before = await zerosBefore(tensor, work);
    if (!before.ok) return before;
    const after = await zerosAfter(tensor, before.value, work);
    if (!after.ok) return after;
    const { name, elements: elementsBefore } = tensor.head;
    const { elements } = headAfter(tensor);
    const quantization = tensor.after?.quantization;
    counts.push({
      name,
      elements,
      ...(elements === elementsBefore ? {} : { elementsBefore }),
      zerosBefore: before.value,
      zerosAfter: after.value,
      ...(quantization === undefined ? {} : { quantization }),
    });
  }
  return ok(counts);
}

/** Bytes of the tensors before, and as a format stores them; those that share their bytes count once. */
function bytesOf({ tensors }: EditState, format: string): RunResult['bytes'] {
  const own = tensors.filter(({ head }) => head.sharesStorageWith === undefined);
  return {
    before: own.reduce((sum, { head }) => sum + head.bytes, 0),
    after: own.reduce((sum, tensor) => sum + storedBytes(tensor, format), 0),
  };
}

function storedBytes(tensor: EditedTensor, format: string): number {
  if (tensor.after?.stored === undefined) return headAfter(tensor).bytes;
  const { outputs, graphEdits = [] } = tensor.after.stored(format);
  const made = graphEdits.flatMap((edit) =>
    edit.kind === 'replace-by-dequantize'
      ? [edit.codes, edit.scale, ...(edit.zeroPoint === null ? [] : [edit.zeroPoint])]
      : [],
  );
  return [...outputs, ...made].reduce((sum, { stored, byteLength }) => sum + (stored?.byteLength ?? byteLength), 0);
}

/** A method that looked at every value may have counted the zeros. */
async function zerosBefore({ entry, head, mask, after }: EditedTensor, work: Work): Promise<Result<number, Fault>> {
  if (after === undefined && mask?.kind === 'threshold' && mask.zeros !== undefined) return ok(mask.zeros);
  return await zerosOf(entry, head, work);
}

/** What a threshold drops is known without a read: every zero lies below it, unless it is zero itself. */
async function zerosAfter(tensor: EditedTensor, before: number, work: Work): Promise<Result<number, Fault>> {
  const { mask, after } = tensor;
  if (after === undefined && mask?.kind === 'threshold') return ok(Math.max(before, mask.elements - mask.kept));
  return zerosOf(entryAfter(tensor), headAfter(tensor), work);
}

/** Sizes and times of the input's files: what is written must be made of one version of them. */
async function stampsOf({ files }: ChangePorts, { path, state }: OpenInput): Promise<string> {
  const names = state.checkpoint.files.map(({ name }) => joinPath(path, `../${name}`));
  const stats = await Promise.all([...new Set([path, ...names])].map((name) => files.stat(name)));
  return stats.map((found) => `${found?.sizeBytes}:${found?.modifiedMs}`).join(' ');
}

async function hashOf(ports: ChangePorts, path: string, work: Work): Promise<string> {
  const source = await ports.files.open(path, work.signal);
  if (!source.ok) raise(source.fault);
  try {
    return await ports.sha256(source.value, work.signal);
  } finally {
    await source.value.close();
  }
}

interface Evaluated {
  readonly accuracy: ChangeReport['accuracy'];
  readonly missing: string | null;
}

async function evaluate(
  { evaluate: command }: Recipe,
  { folder }: RunQuery,
  ports: ChangePorts,
  input: OpenInput,
  { path }: Destination,
  work: Work,
): Promise<Evaluated> {
  if (command === null) return { accuracy: null, missing: 'no evaluate command' };
  if (ports.evaluate === null) return { accuracy: null, missing: 'the workspace is not trusted: nothing is run' };
  const of = (file: string): string =>
    command.replaceAll('{output}', quoted(file)).replaceAll('{input}', quoted(input.path));
  const after = await ports.evaluate(of(path), folder, work.signal);
  if (!after.ok) return { accuracy: null, missing: after.fault.message };
  const before = await ports.evaluate(of(input.path), folder, work.signal);
  return { accuracy: { before: before.ok ? before.value : null, after: after.value, command }, missing: null };
}

/** A path in a shell's line. Names come from the person's own disk and recipe; quotes in them are not passed on. */
const quoted = (path: string): string => `"${path.replaceAll('"', '')}"`;

/** Progress says which part of the work it belongs to. */
const named = (work: Work, part: string): Work => ({
  signal: work.signal,
  progress: ({ done, total, label }) =>
    work.progress({ done, total, label: label === undefined ? part : `${part} ${label}` }),
});
