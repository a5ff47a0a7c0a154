import { describeFault, type Fault, type Result } from '@espalier/base';
import type { WholeModelTime } from '@espalier/protocol';
import { FACTS_VERSION } from '../fileFacts.js';
import type { FactsCache } from '../ports.js';
import { ms } from './speedUp.js';
import type { WholeTimes } from './wholeModel.js';

/** A host's way to time a whole model, in a process of its own. */
export interface ModelTimer {
  /** The runtime that would do it, with its version, without running any of it; null where there is none. */
  runtime(path: string): Promise<string | null>;
  /** What `wholeModelTimes` tells of one file; aborts fly. */
  time(path: string, signal: AbortSignal): Promise<Result<WholeTimes | string | null, Fault>>;
}

interface Stored {
  readonly version: string;
  readonly stamp: string;
  readonly runtime: string;
  readonly time: WholeModelTime;
}

/** Times of whole models: kept on disk for the machine, the version of the file and that of the runtime. What could not be timed is tried anew. */
export function keptWholeTimes(
  timer: ModelTimer | undefined,
  cache: FactsCache | undefined,
  machine: string,
): (
  file: { readonly path: string; readonly stamp: string; readonly format: string },
  again: boolean,
  signal: AbortSignal,
) => Promise<WholeModelTime | null> {
  return async ({ path, stamp, format }, again, signal) => {
    if (timer === undefined || format !== 'onnx') return null;
    const key = `whole\n${machine}\n${path}`;
    const runtime = await timer.runtime(path);
    const stored = again ? null : ((await cache?.get(key).catch(() => null)) as Stored | null | undefined);
    if (stored?.version === FACTS_VERSION && stored.stamp === stamp && stored.runtime === runtime) return stored.time;
    const times = await timer.time(path, signal);
    if (!times.ok) return { kind: 'not-timed', why: describeFault(times.fault) };
    const { value } = times;
    if (value === null) return null;
    if (typeof value === 'string') return { kind: 'not-timed', why: value };
    const { engine, per, figures } = value;
    const time: WholeModelTime = { kind: 'timed', engine, per, figure: figures[0]! };
    if (runtime !== null)
      await cache?.put(key, { version: FACTS_VERSION, stamp, runtime, time } satisfies Stored).catch(() => {});
    return time;
  };
}

/** `the whole model 1.8 ms in onnxruntime 1.30.0, 1 thread`, or why it was not timed. */
export function wholeText(whole: WholeModelTime): string {
  if (whole.kind === 'not-timed') return `the whole model was not timed: ${whole.why}`;
  return `the whole model ${ms(whole.figure.value)} in ${whole.engine}${whole.per.slice('ms'.length)}`;
}
