import { raceTimings, type Timing } from '@espalier/analysis';
import { attempt, type Fault, fail, ok, type Result, raise, seeded, type Work } from '@espalier/base';
import type { Checkpoint } from '@espalier/checkpoint';
import type { ChangeNote, Figure, ModelLatency } from '@espalier/protocol';
import type { FedArray, LoadedModel } from '../change/modelRuntime.js';
import { openInput } from '../change/openInput.js';
import type { ChangePorts } from '../change/ports.js';

/** Models are timed so often, or for so long, all together. */
const ROUNDS = 9;
const BUDGET_MS = 4000;

/** A runtime holds a model in memory, and a run of it too. */
const LARGEST_BYTES = 512 * 2 ** 20;
const LARGEST_INPUT = 2 ** 26;

/** Times of whole models by a runtime, in the order of the files. */
export interface WholeTimes {
  /** `onnxruntime 1.30.0, 1 thread`. */
  readonly engine: string;
  /** `ms for image 1×3×224×224`. */
  readonly per: string;
  readonly figures: readonly Figure[];
}

/**
 * Times ONNX models in the runtime that is found from `folder` on, on one thread and on the same random inputs, in turn. Null where there is nothing to
 * time: another format, weights in files beside the model, a model of more than 512 MiB, inputs whose lengths the model leaves open (but for the first,
 * the batch: that is 1), or models that take different ones. Faults: those of the runtime and of the files; aborts fly.
 */
export async function wholeModelTimes(
  paths: readonly string[],
  folder: string,
  { files, findRuntime, now }: Pick<ChangePorts, 'files' | 'findRuntime' | 'now'>,
  work: Work,
): Promise<Result<WholeTimes | null, Fault>> {
  const models: { readonly feeds: ReadonlyMap<string, FedArray>; readonly bytes: Uint8Array }[] = [];
  for (const path of paths) {
    const opened = await openInput(files, path, work.signal);
    if (!opened.ok) return opened;
    const { checkpoint } = opened.value.state;
    try {
      const feeds = randomFeeds(checkpoint);
      if (feeds === null) return ok(null);
      const container = checkpoint.container!;
      models.push({ feeds, bytes: await container.read(0, container.sizeBytes, work.signal) });
    } finally {
      await checkpoint.close();
    }
  }
  const problems = models.map(({ feeds }) => problemOf(feeds));
  if (models.length === 0 || problems.some((problem) => problem !== problems[0])) return ok(null);
  if (findRuntime === null) {
    return fail({
      code: 'runtime/untrusted',
      message: 'Whole models run with code of this folder, which is not trusted.',
    });
  }
  const found = await findRuntime(folder);
  if (!found.ok) return found;
  const runtime = found.value;
  const loaded: LoadedModel[] = [];
  return await attempt(async () => {
    try {
      for (const { bytes } of models) {
        const model = await runtime.load(bytes, 1);
        if (!model.ok) raise(model.fault);
        loaded.push(model.value);
      }
      const runners = loaded.map((model, i) => ({ name: paths[i]!, run: model.repeat(models[i]!.feeds) }));
      const timings = await raceTimings(runners, { now, rounds: ROUNDS, budgetMs: BUDGET_MS }, work);
      const engine = `${runtime.name}, 1 thread`;
      return { engine, per: `ms for ${problems[0]}`, figures: timings.map((timing) => figureOf(timing, engine)) };
    } finally {
      for (const model of loaded) await model.release();
    }
  });
}

/** Before and after of a run; null where there is nothing to time. What the runtime refuses is a note: the run itself is done. Aborts fly. */
export async function wholeModelLatency(
  { before, after }: { readonly before: string; readonly after: string },
  folder: string,
  ports: Pick<ChangePorts, 'files' | 'findRuntime' | 'now'>,
  work: Work,
): Promise<{ readonly latency: ModelLatency | null; readonly notes: readonly ChangeNote[] }> {
  const times = await wholeModelTimes([before, after], folder, ports, work);
  if (!times.ok) {
    const { code, message } = times.fault;
    // Most people have no runtime, and need not hear of it in every report.
    return { latency: null, notes: code === 'runtime/refused' ? [{ code, severity: 'warning', message }] : [] };
  }
  if (times.value === null) return { latency: null, notes: [] };
  const { engine, per, figures } = times.value;
  return { latency: { engine, per, before: figures[0]!, masked: null, after: figures[1]! }, notes: [] };
}

/** An array for each input that the model takes; the same ones for the same inputs. Whole numbers are 0 and 1: they may be indices. */
function randomFeeds({ format, graph, container, files, tensors }: Checkpoint): ReadonlyMap<string, FedArray> | null {
  if (format !== 'onnx' || graph === undefined || container === undefined) return null;
  if (files.length > 1 || container.sizeBytes > LARGEST_BYTES) return null;
  const weights = new Set(tensors.map(({ name }) => name));
  const rng = seeded(1);
  const feeds = new Map<string, FedArray>();
  for (const name of graph.inputs.filter((input) => !weights.has(input))) {
    const { shape: known = null, dtype = 'F32' } = graph.values.get(name) ?? {};
    const shape = known?.map((length, axis) => length ?? (axis === 0 ? 1 : Number.NaN));
    const length = shape?.reduce((product, axis) => product * axis, 1) ?? Number.NaN;
    if (shape === undefined || !(length <= LARGEST_INPUT)) return null;
    const real = dtype.startsWith('F') || dtype.startsWith('BF');
    feeds.set(name, {
      dtype,
      shape,
      values: Float32Array.from({ length }, () => (real ? rng.normal() : rng.below(2))),
    });
  }
  return feeds;
}

const problemOf = (feeds: ReadonlyMap<string, FedArray>): string =>
  [...feeds].map(([name, { shape }]) => `${name} ${shape.join('×')}`).join(', ');

const figureOf = ({ medianMs, lowMs, highMs, runs }: Timing, engine: string): Figure => ({
  value: medianMs,
  how: {
    kind: 'measured',
    runs,
    spread: medianMs === 0 ? 0 : (highMs - lowMs) / 2 / medianMs,
    baseline: `the input in ${engine}`,
  },
});
