import { raceTimings, type Timing } from '@espalier/analysis';
import {
  attempt,
  bytesText,
  exactCount,
  type Fault,
  fail,
  ok,
  type Result,
  raise,
  seeded,
  type Work,
} from '@espalier/base';
import type { Checkpoint, Graph } from '@espalier/checkpoint';
import type { ChangeNote, Figure, ModelLatency } from '@espalier/protocol';
import type { FedArray, LoadedModel } from '../change/modelRuntime.js';
import { openInput } from '../change/openInput.js';
import type { ChangePorts } from '../change/ports.js';

/** Models are timed so often, or for so long, all together. */
const ROUNDS = 9;
const BUDGET_MS = 4000;

/** Numbers of an input: more are no ordinary one. */
const LARGEST_INPUT = 2 ** 26;

/** A runtime packs weights anew for its kernels: it may hold them twice. */
const COPIES = 2;

/** Lengths that a model leaves open, but for the batch, which is 1: the side of an image, and what a sequence has of tokens or steps. */
const ASSUMED_SIDE = 224;
const ASSUMED_STEPS = 128;

/** Times of whole models by a runtime, in the order of the files. */
export interface WholeTimes {
  /** `onnxruntime 1.30.0, 1 thread`. */
  readonly engine: string;
  /** `ms for image 1×3×224×224`. */
  readonly per: string;
  readonly figures: readonly Figure[];
}

/** Times models, as `wholeModelTimes` does; perhaps elsewhere. */
export type TimeModels = (
  paths: readonly string[],
  folder: string,
  work: Work,
) => Promise<Result<WholeTimes | string | null, Fault>>;

type TimingPorts = Pick<ChangePorts, 'files' | 'findRuntime' | 'now'>;

/**
 * Times ONNX models in the runtime that is found from `folder` on, on one thread and on the same random inputs, in turn. The runtime opens the files itself, with the weights that
 * lie beside them. A sentence where that cannot be done; null for other formats, which no runtime here runs. Faults: those of the runtime and of the files; aborts fly.
 */
export async function wholeModelTimes(
  paths: readonly string[],
  folder: string,
  { files, findRuntime, now }: TimingPorts,
  work: Work,
): Promise<Result<WholeTimes | string | null, Fault>> {
  const models: { readonly path: string; readonly inputs: Inputs; readonly sizeBytes: number }[] = [];
  for (const path of paths) {
    const opened = await openInput(files, path, work.signal);
    if (!opened.ok) return opened;
    const { checkpoint } = opened.value.state;
    try {
      if (checkpoint.format !== 'onnx' || checkpoint.graph === undefined) return ok(null);
      const missing = checkpoint.tensors.find(({ data }) => data.kind === 'none');
      if (missing !== undefined) return ok(`the weights of ${missing.name} cannot be read`);
      const inputs = randomInputs(checkpoint, checkpoint.graph);
      if (typeof inputs === 'string') return ok(inputs);
      const sizeBytes = checkpoint.files.reduce((sum, file) => sum + file.sizeBytes, 0);
      models.push({ path: opened.value.path, inputs, sizeBytes });
    } finally {
      await checkpoint.close();
    }
  }
  const [first] = models;
  if (first === undefined) return ok(null);
  const problem = problemOf(first.inputs);
  if (models.some(({ inputs }) => problemOf(inputs) !== problem)) return ok('input and output take different inputs');
  if (findRuntime === null) {
    return fail({
      code: 'runtime/untrusted',
      message: 'Whole models run with code of this folder, which is not trusted.',
    });
  }
  const found = await findRuntime(folder);
  if (!found.ok) return found;
  const runtime = found.value;
  const needed = COPIES * models.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const free = runtime.freeBytes?.() ?? Number.POSITIVE_INFINITY;
  if (needed > free)
    return ok(`it may take ${bytesText(needed)} of memory in ${runtime.name}, and ${bytesText(free)} are free`);
  const loaded: LoadedModel[] = [];
  const times = await attempt(async (): Promise<WholeTimes> => {
    try {
      for (const { path } of models) {
        const model = await runtime.load(path, 1);
        if (!model.ok) raise(model.fault);
        loaded.push(model.value);
      }
      const runners = loaded.map((model, i) => ({ name: models[i]!.path, run: model.repeat(models[i]!.inputs.feeds) }));
      const timings = await raceTimings(runners, { now, rounds: ROUNDS, budgetMs: BUDGET_MS }, work);
      const engine = `${runtime.name}, 1 thread`;
      return { engine, per: `ms for ${problem}`, figures: timings.map((timing) => figureOf(timing, engine)) };
    } finally {
      for (const model of loaded) await model.release();
    }
  });
  // Lengths that were only assumed say nothing of the model.
  if (!times.ok && times.fault.code === 'runtime/refused' && first.inputs.assumed)
    return ok(`it leaves lengths of its inputs open, and does not run with ${problem}: ${times.fault.message}`);
  return times;
}

/** Before and after of a run; null where nothing was timed, with the reason among the notes. What the runtime refuses is a note too: the run itself is done. Aborts fly. */
export async function wholeModelLatency(
  { before, after }: { readonly before: string; readonly after: string },
  folder: string,
  ports: TimingPorts & Pick<ChangePorts, 'timeModels'>,
  work: Work,
): Promise<{ readonly latency: ModelLatency | null; readonly notes: readonly ChangeNote[] }> {
  const time: TimeModels = ports.timeModels ?? ((paths, from, own) => wholeModelTimes(paths, from, ports, own));
  const times = await time([before, after], folder, work);
  if (!times.ok) {
    const { code, message } = times.fault;
    // Most people have no runtime, and need not hear of it in every report.
    const told = code === 'runtime/refused' || code === 'runtime/crashed';
    return { latency: null, notes: told ? [{ code, severity: 'warning', message }] : [] };
  }
  const { value } = times;
  if (value === null) return { latency: null, notes: [] };
  if (typeof value === 'string') return { latency: null, notes: [notTimed(value)] };
  const { engine, per, figures } = value;
  return { latency: { engine, per, before: figures[0]!, masked: null, after: figures[1]! }, notes: [] };
}

const notTimed = (why: string): ChangeNote => ({
  code: 'latency/whole-model',
  severity: 'information',
  message: `The whole model was not timed: ${why}.`,
});

interface Inputs {
  readonly feeds: ReadonlyMap<string, FedArray>;
  /** The model leaves lengths open other than the batch. */
  readonly assumed: boolean;
}

/** An array for each input that the model takes; the same ones for the same inputs. Whole numbers are 0 and 1: they may be indices. A sentence where that is impossible. */
function randomInputs({ tensors }: Checkpoint, graph: Graph): Inputs | string {
  const weights = new Set(tensors.map(({ name }) => name));
  const rng = seeded(1);
  const feeds = new Map<string, FedArray>();
  let assumed = false;
  for (const name of graph.inputs.filter((input) => !weights.has(input))) {
    const { shape: known = null, dtype = 'F32' } = graph.values.get(name) ?? {};
    if (known === null) return `the input ${name} states no shape`;
    const shape = known.map((length, axis) => {
      if (length !== null) return length;
      if (axis === 0) return 1;
      assumed = true;
      return known.length >= 4 ? ASSUMED_SIDE : ASSUMED_STEPS;
    });
    const length = shape.reduce((product, axis) => product * axis, 1);
    if (length > LARGEST_INPUT) return `the input ${name} has ${exactCount(length)} numbers`;
    const real = dtype.startsWith('F') || dtype.startsWith('BF');
    feeds.set(name, {
      dtype,
      shape,
      values: Float32Array.from({ length }, () => (real ? rng.normal() : rng.below(2))),
    });
  }
  return { feeds, assumed };
}

const problemOf = ({ feeds, assumed }: Inputs): string =>
  `${[...feeds].map(([name, { shape }]) => `${name} ${shape.join('×')}`).join(', ')}${assumed ? ' (open lengths assumed)' : ''}`;

const figureOf = ({ medianMs, lowMs, highMs, runs }: Timing, engine: string): Figure => ({
  value: medianMs,
  how: {
    kind: 'measured',
    runs,
    spread: medianMs === 0 ? 0 : (highMs - lowMs) / 2 / medianMs,
    baseline: `the input in ${engine}`,
  },
});
