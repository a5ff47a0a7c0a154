import type { CompareTile, FileHead, LayerTimes } from '@espalier/analysis';
import type {
  Answer,
  CompareItem,
  CompareQuery,
  CompareTileQuery,
  GzipQuery,
  HeatmapQuery,
  PlanAnswer,
  PlanItem,
  PlanQuery,
  ScanEnd,
  ScanItem,
  ScanQuery,
  TensorQuery,
  TimesEnd,
  TimesItem,
  TimesQuery,
  ValuesAnswer,
  ValuesQuery,
} from '@espalier/protocol';
import { keptWishes } from './change/keptWishes.js';
import { type CompareEnd, type CompareHeads, createComparisons } from './comparisons.js';
import { createFactsStore, factsOf } from './factsStore.js';
import type { FileFacts } from './fileFacts.js';
import type { RecipeOutlook } from './language/recipeOutlook.js';
import type { ModelTimer } from './latency/keptWholeTimes.js';
import { createTimes } from './latency/times.js';
import type { FactsCache, Files } from './ports.js';
import { createScans, type ScanSettings, type ScanState } from './scans.js';
import { stampOf } from './stamp.js';
import type { Priority, Runner, Scale, TaskAnswer, TaskTypes } from './tasks.js';
import { createTrend, type Trend } from './trend.js';

export interface ServicePorts {
  readonly files: Files;
  readonly runner: Runner;
  readonly cache?: FactsCache;
  /** Processor and engine: figures that were measured on one machine say nothing of another. */
  readonly machine: string;
  /** Times whole models; absent where none can be run. */
  readonly modelTimer?: ModelTimer;
  /** Monotonic milliseconds. */
  now(): number;
  settings(): ScanSettings;
  /** Facts or scan state of a file changed: hints and hovers may be drawn again. */
  onChange?(path: string): void;
}

/** Every question the product can answer, and its answer as plain data. */
export interface Service {
  head(path: string, signal: AbortSignal): Promise<Answer<FileHead>>;
  /** Facts at hand, current ones only; never scans. */
  facts(path: string, signal: AbortSignal): Promise<FileFacts | null>;
  /** As `facts`, but from memory alone: at once, and possibly outdated. */
  peek(path: string): FileFacts | null;
  scan(
    query: ScanQuery,
    priority: Priority,
    signal: AbortSignal,
    onItem: (item: ScanItem) => void,
  ): Promise<Answer<ScanEnd>>;
  scanState(path: string): ScanState | null;
  runningScans(): readonly { readonly path: string; readonly state: ScanState }[];
  cancelScans(): void;
  /** What the head of a recipe's checkpoint tells of the recipe: no weight is read. Answers are kept until the file changes. */
  outlook(path: string, recipe: string, signal: AbortSignal): Promise<Answer<RecipeOutlook>>;
  /** What a recipe would do; nothing is written. */
  plan(query: PlanQuery, signal: AbortSignal, onItem: (item: PlanItem) => void): Promise<PlanAnswer>;
  /** Compresses a tensor, or all, to learn the size. That of a tensor is kept with its facts. */
  gzip(query: GzipQuery, signal: AbortSignal): Promise<TaskAnswer<'gzip'>>;
  /**
   * Times layers on this machine, one after the other, and, where all layers are asked for, the model as a whole; what was timed before is answered at once, unless `again`. Ends with the first fault.
   */
  times(query: TimesQuery, signal: AbortSignal, onItem: (item: TimesItem) => void): Promise<Answer<TimesEnd>>;
  /** Times of layers at hand; never measures. */
  knownTimes(path: string): Promise<ReadonlyMap<string, LayerTimes>>;
  matrix(query: TensorQuery, signal: AbortSignal): Promise<TaskAnswer<'matrix'>>;
  heatmap(query: HeatmapQuery, signal: AbortSignal): Promise<TaskAnswer<'heatmap'>>;
  values(query: ValuesQuery, signal: AbortSignal): Promise<Answer<ValuesAnswer>>;
  compareHeads(query: CompareQuery, signal: AbortSignal): Promise<Answer<CompareHeads>>;
  compare(query: CompareQuery, signal: AbortSignal, onItem: (item: CompareItem) => void): Promise<Answer<CompareEnd>>;
  compareTile(query: CompareTileQuery, signal: AbortSignal): Promise<Answer<CompareTile>>;
  trend(paths: readonly string[], signal: AbortSignal): Promise<Answer<Trend>>;
  /** The host saw the file change: facts of the old version are dropped. */
  invalidate(path: string): void;
  /** Drops everything that memory holds. */
  forgetAll(): void;
}

/** Outlooks kept: every open recipe has one, and a newer text takes the place of an older. */
const MAX_OUTLOOKS = 16;

export function createService(ports: ServicePorts): Service {
  const { files, runner } = ports;
  const store = createFactsStore(files, ports.cache, () => ports.settings().nearZeroRatio);
  const scans = createScans(runner, store, ports.settings, ports.now, (path) => ports.onChange?.(path));
  const heads = new Map<string, Promise<Answer<FileFacts>>>();

  /** Facts of the present version, with at least the head. Several askers share one opening. */
  async function current(path: string, signal: AbortSignal): Promise<Answer<FileFacts>> {
    const known = await store.get(path);
    if (known !== null) return { ok: true, value: known };
    const opening = heads.get(path) ?? openHead(path);
    heads.set(path, opening);
    try {
      return await opening;
    } finally {
      heads.delete(path);
      signal.throwIfAborted();
    }
  }

  async function openHead(path: string): Promise<Answer<FileFacts>> {
    const answer = await runner.run('head', { path }, { signal: new AbortController().signal }, 'now');
    if (!answer.ok) return answer;
    const stamp = await stampOf(
      files,
      path,
      answer.value.files.map((file) => file.name),
    );
    const facts = factsOf(answer.value, stamp, new Map());
    store.put(path, facts);
    return { ok: true, value: facts };
  }

  const ask = <K extends 'matrix' | 'heatmap' | 'values' | 'compareTile'>(
    kind: K,
    query: TaskTypes[K]['query'],
    signal: AbortSignal,
  ): Promise<TaskAnswer<K>> => runner.run(kind, query, { signal }, 'now');

  const scan: Service['scan'] = async (query, priority, signal, onItem) => {
    const facts = await current(query.path, signal);
    if (!facts.ok) return facts;
    return { ok: true, value: await scans.scan(query, facts.value.head, facts.value.stamp, priority, signal, onItem) };
  };

  const head: Service['head'] = async (path, signal) => {
    const facts = await current(path, signal);
    return facts.ok ? { ok: true, value: facts.value.head } : facts;
  };

  const outlooks = new Map<string, RecipeOutlook>();
  const outlook: Service['outlook'] = async (path, recipe, signal) => {
    const key = `${path}\n${recipe}`;
    const known = outlooks.get(key);
    if (known !== undefined) return { ok: true, value: known };
    const answer = await runner.run('outlook', { path, recipe }, { signal }, 'soon');
    if (answer.ok) {
      outlooks.set(key, answer.value);
      const [oldest] = outlooks.keys();
      if (outlooks.size > MAX_OUTLOOKS) outlooks.delete(oldest!);
    }
    return answer;
  };

  const scaleOf = (path: string, tensor: string): Scale | null => {
    const kept = store.peek(path)?.facts.get(tensor)?.stats?.kept;
    return kept?.absmin == null || kept.abs99 === null ? null : { absmin: kept.absmin, abs99: kept.abs99 };
  };
  const times = createTimes({
    runner,
    current,
    cache: ports.cache,
    machine: ports.machine,
    ...(ports.modelTimer === undefined ? {} : { modelTimer: ports.modelTimer }),
  });
  const wishesKept = keptWishes(ports.cache, ports.machine);
  const comparisons = createComparisons({ runner, current, scan, now: ports.now });

  return {
    head,
    scan,
    facts: async (path, signal) => {
      const facts = await current(path, signal);
      return facts.ok ? facts.value : null;
    },
    peek: (path) => store.peek(path),
    scanState: (path) => scans.state(path),
    runningScans: () => scans.running(),
    cancelScans: () => scans.cancelAll(),
    outlook,
    plan: async (query, signal, onItem) => {
      const ask = async (wishes: PlanQuery): Promise<PlanAnswer> => {
        const answer = await runner.run('plan', wishes, { signal, onItem }, 'soon');
        if (!answer.ok) return { kind: 'fault', fault: answer.fault };
        if (answer.value.kind !== 'plan') return answer.value;
        return { kind: 'plan', plan: await wishesKept.complete(query, answer.value.plan) };
      };
      const first = await ask(await wishesKept.open(query));
      // What was kept was of other zeros: the input, or a file beside it, is another now.
      return first.kind === 'plan' && wishesKept.lacks(query, first.plan) ? ask(query) : first;
    },
    gzip: async (query, signal) => {
      const known = store.peek(query.path);
      const answer = await runner.run('gzip', query, { signal }, 'idle');
      if (answer.ok && known !== null && query.tensor !== undefined)
        store.addGzip(query.path, known.stamp, query.tensor, answer.value);
      return answer;
    },
    times: times.measure,
    knownTimes: async (path) => (await times.known(path)) ?? new Map(),
    matrix: (query, signal) => ask('matrix', query, signal),
    heatmap: ({ path, tensor, ...tile }, signal) =>
      ask('heatmap', { path, tensor, tile, scale: scaleOf(path, tensor) }, signal),
    values: ({ path, tensor, ...window }, signal) => ask('values', { path, tensor, window }, signal),
    compareHeads: comparisons.heads,
    compare: comparisons.values,
    compareTile: ({ before, after, tensor, tensorBefore, ...tile }, signal) => {
      const pair = { before: tensorBefore ?? tensor, after: tensor };
      const scales = [scaleOf(before, pair.before), scaleOf(after, pair.after)].filter((scale) => scale !== null);
      return ask(
        'compareTile',
        {
          before,
          after,
          pair,
          tile,
          scaleHigh: scales.length === 2 ? Math.max(...scales.map((scale) => scale.abs99)) : null,
        },
        signal,
      );
    },
    trend: createTrend(scan, (path) => store.peek(path)),
    forgetAll: () => {
      outlooks.clear();
      store.forgetAll();
    },
    invalidate: (path) => {
      store.forget(path);
      // A recipe may name a folder, or an index whose shards changed.
      outlooks.clear();
      ports.onChange?.(path);
    },
  };
}
