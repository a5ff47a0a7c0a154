import { type Fault, FaultError, fail, ok, type Result, raise, type Work } from '@espalier/base';
import type { ChangeReport, SweepFigures, SweepReport, SweepResult } from '@espalier/protocol';
import { parseRecipe, type Recipe, sweepFolder, sweepPoints } from '@espalier/recipe';
import { joinPath } from '../resolve/paths.js';
import { openInput } from './openInput.js';
import type { ChangePorts } from './ports.js';
import { readSweep } from './readSweep.js';
import { type RunFailure, type RunQuery, runRecipe } from './runRecipe.js';
import { pointLabel, sweepVerdict } from './sweepTexts.js';
import { writeJsonFile } from './writeJson.js';

/** The comparison in the folder of a sweep. */
export const SWEEP_REPORT = 'sweep.json';

export interface SweepRun {
  readonly report: SweepReport;
  /** Where it lies. */
  readonly path: string;
  /** Points that an earlier run had finished. */
  readonly reused: number;
}

/** Whether a text is to be run as a sweep. */
export const isSweep = (text: string): boolean => (parseRecipe(text).recipe?.sweep.length ?? 0) > 0;

/**
 * Runs every point of a sweep, one after the other: each writes its output and its report, and after each the comparison is written anew. What is there
 * stays when the sweep is cancelled; the next run goes on with the points that are missing. A point is known by the digest of what it does; it is run again where
 * the input, the product or the output is another. A point that fails is told, and the others go on. Aborts fly.
 */
export async function runSweep(
  query: Pick<RunQuery, 'recipe' | 'folder'>,
  ports: ChangePorts,
  work: Work,
): Promise<Result<SweepRun, RunFailure>> {
  const parsed = parseRecipe(query.recipe);
  if (parsed.recipe === null) return fail({ kind: 'problems', problems: parsed.problems });
  const failed = (fault: Fault): Result<SweepRun, RunFailure> => fail({ kind: 'fault', fault });
  const place = sweepFolder(parsed.recipe);
  if (place === null)
    return failed({ code: 'recipe/no-output', message: 'The recipe has no output: nothing would be written.' });
  const folder = joinPath(query.folder, place);
  try {
    const input = await inputOf(parsed.recipe, query.folder, ports, work);
    const points = sweepPoints(parsed);
    const earlier = await earlierPoints(joinPath(folder, SWEEP_REPORT), input.sha256, ports);
    const results = points.map(
      ({ id, values, text }): SweepResult => ({
        id,
        values,
        series: seriesOf(text),
        recipe: text,
        state: earlier.get(id) ?? { kind: 'waiting' },
      }),
    );
    const reused = results.filter(({ state }) => state.kind === 'done').length;
    const startedAt = ports.today();
    const report = (): SweepReport => ({
      schemaVersion: 1,
      kind: 'sweep',
      title: `${input.name} · ${results.length} points`,
      verdict: sweepVerdict(results),
      recipe: query.recipe,
      folder: query.folder,
      input,
      axes: parsed.recipe!.sweep,
      points: [...results],
      machine: ports.machine,
      startedAt,
    });
    const once = evaluatingOnce(ports);
    let path = await writeJsonFile(ports, folder, SWEEP_REPORT, report());
    for (const [at, result] of results.entries()) {
      if (result.state.kind === 'done') continue;
      const own = partOf(work, at, results.length, pointLabel(result.values));
      const answer = await runRecipe(
        { recipe: result.recipe, folder: query.folder, overwrite: true, detail: 'full' },
        once,
        own,
      );
      results[at] = { ...result, state: stateOf(answer, input.sha256) };
      path = await writeJsonFile(ports, folder, SWEEP_REPORT, report());
    }
    work.progress({ done: results.length, total: results.length });
    const [first] = results;
    if (first?.state.kind === 'failed' && results.every(({ state }) => state.kind === 'failed'))
      return failed(first.state.fault);
    return ok({ report: report(), path, reused });
  } catch (error) {
    if (error instanceof FaultError) return failed(error.fault);
    throw error;
  }
}

async function inputOf(recipe: Recipe, folder: string, ports: ChangePorts, work: Work): Promise<SweepReport['input']> {
  const opened = await openInput(ports.files, joinPath(folder, recipe.inputs[0]!.path), work.signal);
  if (!opened.ok) raise(opened.fault);
  const { path, name, state } = opened.value;
  await state.checkpoint.close();
  const source = await ports.files.open(path, work.signal);
  if (!source.ok) raise(source.fault);
  try {
    const bytes = state.checkpoint.files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    return { path, name, bytes, sha256: await ports.sha256(source.value, work.signal) };
  } finally {
    await source.value.close();
  }
}

/** `magnitude`, `random erk + regroup`: what tells points apart besides the amount and the seed. */
function seriesOf(text: string): string {
  const steps = parseRecipe(text).recipe?.steps ?? [];
  return steps
    .map(({ method, options }) => {
      const words = ['ratio', 'scope', 'norm', 'shape', 'mode'].flatMap((key) => {
        const value = options[key];
        return typeof value === 'string' && value !== 'paper' ? [value] : [];
      });
      return [method, ...words].join(' ');
    })
    .join(' + ');
}

/** Points of an earlier run that hold still: of the same input and the same product, their outputs where they were. */
async function earlierPoints(
  path: string,
  inputSha256: string,
  ports: ChangePorts,
): Promise<ReadonlyMap<string, SweepResult['state']>> {
  const found = new Map<string, SweepResult['state']>();
  if ((await ports.files.stat(path)) === null) return found;
  const earlier = await readSweep(ports.files, path);
  // What is damaged is written anew.
  if (!earlier.ok || earlier.value.input.sha256 !== inputSha256) return found;
  for (const { id, state } of earlier.value.points) {
    if (state.kind !== 'done' || state.version !== ports.version) continue;
    const [output, report] = await Promise.all([ports.files.stat(state.output), ports.files.stat(state.report)]);
    if (output !== null && report !== null) found.set(id, state);
  }
  return found;
}

function stateOf(answer: Awaited<ReturnType<typeof runRecipe>>, inputSha256: string): SweepResult['state'] {
  if (!answer.ok) {
    const { fault } = answer;
    if (fault.kind === 'fault') return { kind: 'failed', fault: fault.fault };
    const [first] = fault.problems;
    return { kind: 'failed', fault: { code: first?.code ?? 'recipe/empty', message: first?.message ?? '' } };
  }
  const { output, report } = answer.value;
  if (output === null || report === null) return { kind: 'failed', fault: { code: 'recipe/no-output', message: '' } };
  if (report.content.provenance.inputSha256 !== inputSha256)
    raise({ code: 'file/changed', message: 'The input changed while the sweep ran: run it again.' });
  return { kind: 'done', output, report: report.path, ...figuresOf(report.content) };
}

function figuresOf({
  plan: { totals, layers },
  latency: [time],
  accuracy,
  provenance,
}: ChangeReport): Omit<SweepFigures, 'output' | 'report'> {
  const { raw, csr, bitmask } = totals.sizes.after;
  const { macs } = totals;
  return {
    prunableElements: totals.prunableElements.after,
    prunableZeros: totals.prunableZeros.after,
    energyKept: totals.energyKept,
    lowestSqnrDb: lowest(layers.flatMap(({ quantization }) => quantization?.sqnrDb ?? [])),
    outputBytes: provenance.outputs[0]!.bytes,
    sparseBytes: Math.min(raw, csr, bitmask),
    effectiveMacs: macs === null || macs.before.dense === 0 ? null : macs.after.effective / macs.before.dense,
    msBefore: time?.before.value ?? null,
    msAfter: time?.after.value ?? null,
    accuracy: accuracy?.after ?? null,
    accuracyBefore: accuracy?.before ?? null,
    seconds: provenance.seconds,
    version: provenance.version,
  };
}

function lowest(figures: readonly (number | 'inf')[]): number | null {
  const known = figures.filter((figure) => figure !== 'inf');
  return known.length === 0 ? null : Math.min(...known);
}

/** The input is measured once: its command is the same in every point. */
function evaluatingOnce(ports: ChangePorts): ChangePorts {
  const { evaluate } = ports;
  if (evaluate === null) return ports;
  const known = new Map<string, Awaited<ReturnType<typeof evaluate>>>();
  return {
    ...ports,
    async evaluate(command, folder, signal) {
      const before = known.get(command);
      if (before !== undefined) return before;
      const answer = await evaluate(command, folder, signal);
      if (answer.ok) known.set(command, answer);
      return answer;
    },
  };
}

/** A point has several parts of unknown length: the whole goes on when a point is finished. */
const partOf = (work: Work, at: number, count: number, label: string): Work => ({
  signal: work.signal,
  progress: (own) =>
    work.progress({
      done: at,
      total: count,
      label: `Point ${at + 1} of ${count}, ${label}${own.label === undefined ? '' : `: ${own.label}`}`,
    }),
});
