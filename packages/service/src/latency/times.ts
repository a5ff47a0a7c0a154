import type { FileHead, LayerTimes } from '@espalier/analysis';
import { globMatcher } from '@espalier/base';
import type { Answer, TimesEnd, TimesItem, TimesQuery } from '@espalier/protocol';
import { FACTS_VERSION, type FileFacts } from '../fileFacts.js';
import type { FactsCache } from '../ports.js';
import type { Runner } from '../tasks.js';
import { keptWholeTimes, type ModelTimer, wholeText } from './keptWholeTimes.js';
import { timesSummary } from './modelTimes.js';

const NOTHING_MISSING = { ok: true } as const;

/** Files whose times memory keeps. */
const MAX_FILES = 32;

interface Kept {
  readonly stamp: string;
  readonly times: Map<string, LayerTimes>;
}

interface Stored {
  readonly version: string;
  readonly stamp: string;
  readonly machine: string;
  readonly times: readonly (readonly [tensor: string, times: LayerTimes])[];
}

export interface TimesPorts {
  readonly runner: Runner;
  readonly current: (path: string, signal: AbortSignal) => Promise<Answer<FileFacts>>;
  readonly cache: FactsCache | undefined;
  readonly machine: string;
  readonly modelTimer?: ModelTimer;
}

/** Times of layers: measured when asked for, kept in memory and on disk for the version of the file and the machine. */
export function createTimes({ runner, current, cache, machine, modelTimer }: TimesPorts): {
  measure(query: TimesQuery, signal: AbortSignal, onItem: (item: TimesItem) => void): Promise<Answer<TimesEnd>>;
  known(path: string): Promise<ReadonlyMap<string, LayerTimes> | null>;
} {
  const memory = new Map<string, Kept>();
  const wholeTime = keptWholeTimes(modelTimer, cache, machine);
  const keyOf = (path: string): string => `times\n${machine}\n${path}`;

  /** Times of this version of the file, of which there may be none. */
  async function kept(path: string, stamp: string): Promise<Kept> {
    const here = memory.get(path);
    if (here?.stamp === stamp) return here;
    const stored = (await cache?.get(keyOf(path)).catch(() => null)) as Stored | null | undefined;
    const fits = stored?.version === FACTS_VERSION && stored.stamp === stamp && stored.machine === machine;
    const found = { stamp, times: new Map(fits ? stored.times : []) };
    memory.delete(path);
    memory.set(path, found);
    const [oldest] = memory.keys();
    if (memory.size > MAX_FILES && oldest !== undefined) memory.delete(oldest);
    return found;
  }

  async function persist(path: string, { stamp, times }: Kept): Promise<void> {
    if (times.size === 0) return;
    const stored: Stored = { version: FACTS_VERSION, stamp, machine, times: [...times] };
    await cache?.put(keyOf(path), stored).catch(() => {});
  }

  return {
    async measure({ path, layers, columns, again }, signal, onItem) {
      const facts = await current(path, signal);
      if (!facts.ok) return facts;
      const mine = await kept(path, facts.value.stamp);
      const chosen = chosenOf(facts.value.head, layers);
      let done = 0;
      const tell = (tensor: string, times: LayerTimes | null, why: string | null): void =>
        onItem({ tensor, times, why, done: ++done, total: chosen.length });
      const missing = chosen.filter((tensor) => {
        const known = mine.times.get(tensor);
        const fits = known !== undefined && (columns === undefined || known.columns === columns) && again !== true;
        if (fits) tell(tensor, known, null);
        return !fits;
      });
      try {
        const answer =
          missing.length === 0
            ? NOTHING_MISSING
            : await runner.run(
                'times',
                { path, tensors: missing, columns: columns ?? null },
                {
                  signal,
                  onItem: ({ tensor, times, why }) => {
                    if (times !== null) mine.times.set(tensor, times);
                    tell(tensor, times, why);
                  },
                },
                'soon',
              );
        if (!answer.ok) return answer;
        const timed = chosen.flatMap((tensor) => mine.times.get(tensor) ?? []);
        const { stamp, head } = facts.value;
        const whole =
          layers === undefined ? await wholeTime({ path, stamp, format: head.format }, again === true, signal) : null;
        const told = whole === null ? null : { ...whole, text: wholeText(whole) };
        return { ok: true, value: { machine, summary: timesSummary(timed), whole: told } };
      } finally {
        // What was measured before a cancel is kept.
        await persist(path, mine);
      }
    },
    async known(path) {
      const facts = await current(path, new AbortController().signal);
      return facts.ok ? (await kept(path, facts.value.stamp)).times : null;
    },
  };
}

/** Weight matrices that the globs name, the largest first: they are what matters. */
function chosenOf({ tensors }: FileHead, globs: readonly string[] | undefined): string[] {
  const matchers = globs?.map(globMatcher);
  return tensors
    .filter(({ name, layer }) => matchers?.some((matches) => matches(name) || matches(layer)) ?? true)
    .filter(({ prunable, sharesStorageWith }) => prunable && sharesStorageWith === undefined)
    .sort((a, b) => b.elements - a.elements)
    .map(({ name }) => name);
}
