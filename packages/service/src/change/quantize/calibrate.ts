import { breathe, type Fault, fail, ok, type Result, type Work } from '@espalier/base';
import { type Checkpoint, type Graph, readValues, type TensorEntry, withOutputs } from '@espalier/checkpoint';
import type { PrunableLayer } from '@espalier/pruning';
import { ActivationStream, type ReadActivation } from '@espalier/quantization';
import type { FedArray, LoadedModel, ModelRuntime } from '../modelRuntime.js';

/** Samples that run at once where the model leaves their number open. */
const BATCH = 8;

/** A model is read whole to run it; protobuf holds no more either. */
const LARGEST_MODEL = 2 ** 31 - 1;

export interface Calibration {
  /** By name of the value. */
  readonly streams: ReadonlyMap<string, ActivationStream>;
  readonly samples: number;
}

/**
 * Runs the model of the input on samples and looks at what the given values become. Faults: `quantize/samples` where the samples do not fit the model, those of the
 * runtime and of the sources; aborts fly.
 */
export async function calibrate(
  checkpoint: Checkpoint,
  activations: readonly ReadActivation[],
  samples: readonly PrunableLayer[],
  { runtime, seed }: { readonly runtime: ModelRuntime; readonly seed: number },
  work: Work,
): Promise<Result<Calibration, Fault>> {
  const { graph, container, files } = checkpoint;
  if (graph === undefined || container === undefined || checkpoint.format !== 'onnx')
    return refuse('Ranges of activations need a model in ONNX: other files do not say how to run them.');
  if (files.length > 1 || container.sizeBytes > LARGEST_MODEL)
    return refuse('The model keeps its weights in files beside it; only models of one file are run yet.');
  const fitted = fit(graph, checkpoint.tensors, samples);
  if (!fitted.ok) return fitted;
  const { inputs, batch, count } = fitted.value;
  const watched = activations.map(({ value }) => value);
  const fed = new Set(inputs.map(({ name }) => name));
  const hidden = watched.filter((value) => !fed.has(value) && !graph.outputs.includes(value));
  const model = await container.read(0, container.sizeBytes, work.signal);
  const loaded = await runtime.load(withOutputs(model, hidden));
  if (!loaded.ok) return loaded;
  try {
    const streams = new Map(watched.map((value, i) => [value, new ActivationStream(seed + i)]));
    for (let begin = 0; begin + batch.least <= count; begin += batch.most) {
      work.signal.throwIfAborted();
      work.progress({ done: begin, total: count, label: 'Running samples' });
      const seen = await runSome(loaded.value, inputs, begin, Math.min(batch.most, count - begin), work.signal);
      if (!seen.ok) return seen;
      for (const [value, stream] of streams) stream.add(seen.value.get(value) ?? []);
      await breathe();
    }
    return ok({ streams, samples: batch.least > 1 ? count - (count % batch.least) : count });
  } finally {
    await loaded.value.release();
  }
}

const refuse = (message: string): Result<never, Fault> => fail({ code: 'quantize/samples', message });

interface FittedInput {
  readonly name: string;
  readonly dtype: string;
  /** Of one sample. */
  readonly shape: readonly number[];
  readonly entry: TensorEntry;
}

interface Fitted {
  readonly inputs: readonly FittedInput[];
  readonly batch: { readonly least: number; readonly most: number };
  readonly count: number;
}

/** Samples as the inputs of the model take them. */
function fit(graph: Graph, tensors: readonly TensorEntry[], samples: readonly PrunableLayer[]): Result<Fitted, Fault> {
  const constants = new Set(tensors.map(({ name }) => name));
  const names = graph.inputs.filter((name) => !constants.has(name));
  const arrays = new Map(samples.map(({ entry }) => [entry.name, entry]));
  const inputs: FittedInput[] = [];
  let fixed: number | null = null;
  for (const name of names) {
    // A single array may bear any name.
    const entry = arrays.get(name) ?? (names.length === 1 && samples.length === 1 ? samples[0]!.entry : undefined);
    if (entry === undefined)
      return refuse(`The samples have no array ${name}; they have ${[...arrays.keys()].slice(0, 5).join(', ')}.`);
    const known = graph.values.get(name);
    const expected = known?.shape ?? null;
    const misfit =
      entry.shape.length === 0 ||
      (expected !== null &&
        (expected.length !== entry.shape.length ||
          expected.some((length, axis) => axis > 0 && length !== null && length !== entry.shape[axis])));
    if (misfit)
      return refuse(
        `The array ${entry.name} is ${entry.shape.join('×') || 'a single number'}; the input ${name} takes ${expected?.map((length) => length ?? '?').join('×') ?? 'samples along its first axis'}.`,
      );
    fixed = Math.max(fixed ?? 0, expected?.[0] ?? 0) || null;
    inputs.push({ name, dtype: known?.dtype ?? 'F32', shape: entry.shape.slice(1), entry });
  }
  const counts = new Set(inputs.map(({ entry }) => entry.shape[0]!));
  const [count = 0] = counts;
  if (counts.size > 1 || count === 0 || (fixed !== null && count < fixed))
    return refuse(
      counts.size > 1
        ? `The arrays hold different numbers of samples: ${[...counts].join(', ')}.`
        : `There are ${count} samples; the model takes ${fixed ?? 1} at once.`,
    );
  return ok({ inputs, batch: { least: fixed ?? 1, most: fixed ?? BATCH }, count });
}

/** One run; the values of inputs are among what is seen. */
async function runSome(
  model: LoadedModel,
  inputs: readonly FittedInput[],
  begin: number,
  count: number,
  signal: AbortSignal,
): Promise<Result<ReadonlyMap<string, ArrayLike<number>>, Fault>> {
  const feeds = new Map<string, FedArray>();
  for (const { name, dtype, shape, entry } of inputs) {
    const each = shape.reduce((product, length) => product * length, 1);
    const values = await readValues(entry, begin * each, count * each, signal);
    feeds.set(name, { dtype, shape: [count, ...shape], values });
  }
  const seen = await model.run(feeds);
  if (!seen.ok) return seen;
  return ok(new Map([...seen.value, ...[...feeds].map(([name, { values }]) => [name, values] as const)]));
}
