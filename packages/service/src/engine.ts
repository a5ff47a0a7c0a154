import {
  answerQuestion,
  compareTile,
  gzipSize,
  gzipSizeOfAll,
  heatmapTile,
  indexOfCell,
  matrixSize,
  type TensorHead,
  tensorStats,
  totals,
  valueDiff,
  valuesInWindow,
} from '@espalier/analysis';
import { type Fault, FaultError, idleWork, type Result, raise } from '@espalier/base';
import { type Checkpoint, openCheckpoint, type TensorData, type TensorEntry } from '@espalier/checkpoint';
import { operatorCosts, toHeads } from '@espalier/model';
import { parseRecipe } from '@espalier/recipe';
import { layerMacs } from './change/layerMacs.js';
import { planRecipe } from './change/planRecipe.js';
import { findDoor } from './door.js';
import { recipeOutlook } from './language/recipeOutlook.js';
import { layerTimes } from './latency/layerTimes.js';
import type { Files } from './ports.js';
import type { DataShell, Runner, TaskAnswer, TaskHooks, TaskKind, TaskTypes } from './tasks.js';

/** An open checkpoint with its heads by name. */
interface Opened {
  readonly checkpoint: Checkpoint;
  readonly heads: readonly TensorHead[];
  readonly byName: ReadonlyMap<string, { readonly entry: TensorEntry; readonly head: TensorHead }>;
  readonly stamp: string;
}

/** Handles kept open between questions; the least recently used is closed first. */
const MAX_OPEN = 4;

export interface Engine extends Runner {
  /** Opens every checkpoint anew when it is asked for again: other rules hold for its companions. */
  forget(): void;
  /** Closes every handle. */
  close(): Promise<void>;
}

/** Executes tasks on this thread. Checkpoints stay open for a while, so that panning a heat map reads no header twice. `now` tells monotonic milliseconds. */
export function createEngine(files: Files, now: () => number): Engine {
  const open = new Map<string, Promise<Opened>>();
  const busy = new Map<Promise<Opened>, number>();

  async function stampOf(path: string): Promise<string> {
    const stat = await files.stat(path);
    return stat === null ? 'missing' : `${stat.sizeBytes}:${stat.modifiedMs}`;
  }

  async function acquire(path: string, signal: AbortSignal): Promise<{ readonly handle: Promise<Opened> }> {
    const known = open.get(path);
    if (known !== undefined) {
      const opened = await known.catch(() => null);
      if (opened !== null && opened.stamp === (await stampOf(path))) {
        open.delete(path);
        open.set(path, known);
        return { handle: known };
      }
      open.delete(path);
      release(known);
    }
    const fresh = openPath(path, signal);
    open.set(path, fresh);
    fresh.catch(() => {
      if (open.get(path) === fresh) open.delete(path);
    });
    for (const [oldest, handle] of open) {
      if (open.size <= MAX_OPEN) break;
      open.delete(oldest);
      release(handle);
    }
    return { handle: fresh };
  }

  /** Closes a handle that left the table, as soon as no task uses it. */
  function release(handle: Promise<Opened>): void {
    if ((busy.get(handle) ?? 0) > 0) return;
    handle.then((opened) => opened.checkpoint.close()).catch(() => {});
  }

  async function openPath(path: string, signal: AbortSignal): Promise<Opened> {
    const door = await findDoor(files, path);
    const stamp = await stampOf(path);
    const source = await files.open(door, signal);
    if (!source.ok) raise(source.fault);
    const result = await openCheckpoint(source.value, { signal });
    if (!result.ok) raise(result.fault);
    const heads = toHeads(result.value);
    const byName = new Map(result.value.tensors.map((entry, i) => [entry.name, { entry, head: heads[i]! }]));
    return { checkpoint: result.value, heads, byName, stamp };
  }

  async function using<T>(path: string, signal: AbortSignal, use: (opened: Opened) => Promise<T>): Promise<T> {
    const { handle } = await acquire(path, signal);
    busy.set(handle, (busy.get(handle) ?? 0) + 1);
    try {
      return await use(await handle);
    } finally {
      const left = busy.get(handle)! - 1;
      if (left > 0) busy.set(handle, left);
      else {
        busy.delete(handle);
        if (open.get(path) !== handle) release(handle);
      }
    }
  }

  const tensorOf = (opened: Opened, name: string): { entry: TensorEntry; head: TensorHead } =>
    opened.byName.get(name) ??
    raise({
      code: 'checkpoint/no-such-tensor',
      message: `There is no tensor ${name}.`,
      file: opened.checkpoint.files[0]?.name ?? '',
    });

  const tasks: {
    [K in TaskKind]: (query: TaskTypes[K]['query'], hooks: TaskHooks<K>) => Promise<TaskTypes[K]['answer']>;
  } = {
    head: ({ path }, { signal }) =>
      using(path, signal, async ({ checkpoint, heads }) => ({
        path,
        format: checkpoint.format,
        formatLabel: checkpoint.formatLabel,
        metadata: checkpoint.metadata,
        findings: checkpoint.findings,
        files: checkpoint.files,
        tensors: heads,
        totals: totals(heads.map((head) => ({ head }))),
        ...(checkpoint.graph === undefined ? {} : { operators: operatorCosts(checkpoint.graph, heads) }),
      })),

    stats: ({ path, tensors, options }, { signal, onItem, onProgress }) =>
      using(path, signal, async (opened) => {
        for (const name of tensors) {
          signal.throwIfAborted();
          const { entry, head } = tensorOf(opened, name);
          const work = { signal, progress: onProgress ?? (() => {}) };
          const stats = await tensorStats(entry, head, options, work);
          onItem?.(stats.ok ? { head, stats: stats.value } : { head, fault: stats.fault });
        }
        return null;
      }),

    shell: ({ path, tensor }, { signal }) =>
      using(path, signal, async (opened) => {
        const { entry } = tensorOf(opened, tensor);
        return { ...entry, data: shellOf(entry.data) };
      }),

    part: ({ path, tensor, question, ranges }, { signal }) =>
      using(path, signal, (opened) => {
        const { entry, head } = tensorOf(opened, tensor);
        return answerQuestion(entry, head, question, ranges, idleWork(signal));
      }),

    plan: (query, { signal, onItem, onProgress }) =>
      planRecipe(query, files, { signal, progress: onProgress ?? (() => {}) }, (item) => onItem?.(item), now),

    outlook: ({ path, recipe }, { signal }) =>
      using(path, signal, async ({ checkpoint, heads }) => recipeOutlook(parseRecipe(recipe), heads, checkpoint.graph)),

    times: ({ path, tensors, columns }, { signal, onItem }) =>
      using(path, signal, async (opened) => {
        const macs = layerMacs(opened.checkpoint, opened.heads);
        for (const name of tensors) {
          const tensor = tensorOf(opened, name);
          const own = macs?.get(tensor.head.layer) ?? null;
          const found = await layerTimes(tensor, { macs: own, columns, now }, idleWork(signal));
          onItem?.(
            typeof found === 'string'
              ? { tensor: name, times: null, why: found }
              : { tensor: name, times: found, why: null },
          );
        }
        return null;
      }),

    gzip: ({ path, tensor }, { signal, onProgress }) =>
      using(path, signal, async (opened) => {
        const work = { signal, progress: onProgress ?? (() => {}) };
        if (tensor !== undefined) return unwrap(await gzipSize(tensorOf(opened, tensor).entry, work));
        // What lies in the file once is compressed once.
        const own = opened.heads.filter(({ sharesStorageWith }) => sharesStorageWith === undefined);
        return unwrap(
          await gzipSizeOfAll(
            own.map(({ name }) => tensorOf(opened, name).entry),
            work,
          ),
        );
      }),

    matrix: ({ path, tensor }, { signal }) =>
      using(path, signal, async (opened) => {
        const { head } = tensorOf(opened, tensor);
        return {
          kernel: matrixSize(head, 'kernel'),
          channel: matrixSize(head, 'channel'),
          raw: matrixSize(head, 'raw'),
        };
      }),

    heatmap: ({ path, tensor, tile, scale }, { signal }) =>
      using(path, signal, async (opened) => {
        const { entry, head } = tensorOf(opened, tensor);
        return unwrap(await heatmapTile(entry, head, tile, scale ?? undefined, idleWork(signal)));
      }),

    values: ({ path, tensor, window }, { signal }) =>
      using(path, signal, async (opened) => {
        const { entry, head } = tensorOf(opened, tensor);
        const found = unwrap(await valuesInWindow(entry, head, window, idleWork(signal)));
        return {
          values: found.values.map((value) => (value === null || Number.isFinite(value) ? value : String(value))),
          indices: found.values.map((value, i) =>
            value === null
              ? null
              : indexOfCell(
                  head,
                  window.layout,
                  window.rowBegin + Math.floor(i / found.columns),
                  window.columnBegin + (i % found.columns),
                  window.channel,
                ),
          ),
        };
      }),

    diff: ({ before, after, pairs }, { signal, onItem }) =>
      using(before, signal, (earlier) =>
        using(after, signal, async (later) => {
          for (const pair of pairs) {
            signal.throwIfAborted();
            onItem?.(
              unwrap(
                await valueDiff(
                  tensorOf(earlier, pair.before).entry,
                  tensorOf(later, pair.after).entry,
                  idleWork(signal),
                ),
              ),
            );
          }
          return null;
        }),
      ),

    compareTile: ({ before, after, pair, tile, scaleHigh }, { signal }) =>
      using(before, signal, (earlier) =>
        using(after, signal, async (later) =>
          unwrap(
            await compareTile(tensorOf(earlier, pair.before), tensorOf(later, pair.after), tile, scaleHigh, { signal }),
          ),
        ),
      ),
  };

  return {
    width: 1,
    async run<K extends TaskKind>(kind: K, query: TaskTypes[K]['query'], hooks: TaskHooks<K>): Promise<TaskAnswer<K>> {
      try {
        return { ok: true, value: await tasks[kind](query, hooks) };
      } catch (error) {
        if (error instanceof FaultError) return { ok: false, fault: error.fault satisfies Fault };
        throw error;
      }
    },
    forget() {
      const handles = [...open.values()];
      open.clear();
      for (const handle of handles) release(handle);
    },
    close: async () => {
      const handles = [...open.values()];
      open.clear();
      for (const handle of handles) await handle.then((opened) => opened.checkpoint.close()).catch(() => {});
    },
  };
}

/** Faults leave a task the way they leave a reader. */
function unwrap<T>(result: Result<T, Fault>): T {
  return result.ok ? result.value : raise(result.fault);
}

/** What a scan needs to know of the data, without the means to read it. */
function shellOf(data: TensorData): DataShell {
  switch (data.kind) {
    case 'raw':
      return {
        kind: 'raw',
        dtype: data.dtype,
        begin: data.begin,
        ...(data.affine === undefined ? {} : { affine: data.affine }),
      };
    case 'decoded':
      return { kind: 'decoded', blockElements: data.blockElements };
    case 'none':
      return data;
  }
}
