import type { SizesAsStored } from '@espalier/analysis';
import type { LayerChange, LayerLatency, ModelLatency, Pair, Plan, PlanQuery } from '@espalier/protocol';
import { FACTS_VERSION } from '../fileFacts.js';
import type { FactsCache } from '../ports.js';

/** Plans whose answers memory keeps. */
const MAX_PLANS = 32;

type Gzip = Pair<SizesAsStored['gzip']>;

/** What was answered to wishes about a plan, and of what plan it was. */
interface Kept {
  readonly version: string;
  readonly shapes: string;
  readonly latency?: readonly ModelLatency[];
  readonly times: readonly (readonly [layer: string, times: Pick<LayerLatency, 'problem' | 'ways'>])[];
  readonly gzip?: Gzip;
  readonly gzips: readonly (readonly [layer: string, sizes: Gzip])[];
}

/** Answers to wishes, kept for the machine, the recipe, and the shapes and zeros that it makes. */
export interface KeptWishes {
  /** The wishes that nothing kept answers. The plan decides whether what is kept still fits. */
  open(query: PlanQuery): Promise<PlanQuery>;
  /** Keeps what the plan has, and adds what was kept of the same plan. */
  complete(query: PlanQuery, plan: Plan): Promise<Plan>;
  /** Whether a wish that was thought answered is not. */
  lacks(query: PlanQuery, plan: Plan): boolean;
}

export function keptWishes(cache: FactsCache | undefined, machine: string): KeptWishes {
  const memory = new Map<string, Kept>();
  const keyOf = ({ folder, recipe }: PlanQuery): string => `wishes\n${machine}\n${folder}\n${recipe}`;

  async function keptOf(query: PlanQuery): Promise<Kept | null> {
    const key = keyOf(query);
    const known = memory.get(key) ?? ((await cache?.get(key).catch(() => null)) as Kept | null | undefined);
    return known?.version === FACTS_VERSION ? known : null;
  }

  return {
    async open(query) {
      const { gzip, measure, ...rest } = query;
      const kept = gzip === true || measure === true ? await keptOf(query) : null;
      return {
        ...rest,
        ...(gzip === true && kept?.gzip === undefined ? { gzip } : {}),
        ...(measure === true && kept?.latency === undefined ? { measure } : {}),
      };
    },
    async complete(query, plan) {
      const shapes = shapesOf(plan);
      const before = await keptOf(query);
      const own = keptIn(plan, shapes);
      const kept = before?.shapes === shapes ? merged(before, own) : own;
      if (own.latency !== undefined || own.gzip !== undefined) {
        const key = keyOf(query);
        memory.delete(key);
        memory.set(key, kept);
        const [oldest] = memory.keys();
        if (memory.size > MAX_PLANS) memory.delete(oldest!);
        await cache?.put(key, kept).catch(() => {});
      }
      return withKept(plan, kept);
    },
    lacks: ({ gzip, measure }, plan) =>
      (gzip === true && plan.totals.sizes.after.gzip === null && plan.totals.sizes.before.gzip === null) ||
      (measure === true && plan.latency === undefined),
  };
}

/** Of other zeros or shapes the answers would be others. */
const shapesOf = ({ input, layers }: Plan): string =>
  JSON.stringify([
    input.path,
    input.bytes,
    layers.map(({ name, shape, zeros, energy, storage }) => [name, shape, zeros, energy, storage.after]),
  ]);

function keptIn(plan: Plan, shapes: string): Kept {
  const { before, after } = plan.totals.sizes;
  const isZipped = before.gzip !== null || after.gzip !== null;
  return {
    version: FACTS_VERSION,
    shapes,
    ...(plan.latency === undefined ? {} : { latency: plan.latency }),
    times: plan.layers.flatMap(({ name, latency }): Kept['times'][number][] =>
      latency === null || latency.ways.length === 0 ? [] : [[name, { problem: latency.problem, ways: latency.ways }]],
    ),
    ...(isZipped ? { gzip: { before: before.gzip, after: after.gzip } } : {}),
    gzips: plan.layers.flatMap(({ name, sizes }): Kept['gzips'][number][] =>
      sizes.before.gzip === null && sizes.after.gzip === null
        ? []
        : [[name, { before: sizes.before.gzip, after: sizes.after.gzip }]],
    ),
  };
}

const merged = (before: Kept, now: Kept): Kept => ({
  ...before,
  ...now,
  times: now.latency === undefined ? before.times : now.times,
  gzips: now.gzip === undefined ? before.gzips : now.gzips,
});

function withKept(plan: Plan, { latency, times, gzip, gzips }: Kept): Plan {
  const timesOf = new Map(times);
  const gzipOf = new Map(gzips);
  const sized = (sizes: Pair<SizesAsStored>, found: Gzip | undefined): Pair<SizesAsStored> =>
    found === undefined
      ? sizes
      : { before: { ...sizes.before, gzip: found.before }, after: { ...sizes.after, gzip: found.after } };
  return {
    ...plan,
    ...(latency === undefined ? {} : { latency }),
    totals: { ...plan.totals, sizes: sized(plan.totals.sizes, gzip) },
    layers: plan.layers.map((layer): LayerChange => {
      const own = timesOf.get(layer.name);
      return {
        ...layer,
        sizes: sized(layer.sizes, gzipOf.get(layer.name)),
        latency: own === undefined ? layer.latency : { ...own, devices: layer.latency?.devices ?? [] },
      };
    }),
  };
}
