import type { ChangeReport, LayerChange } from '@espalier/protocol';

/** A table of a report, as texts. */
export interface TextTable {
  readonly title: string;
  readonly heads: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

interface Timed {
  readonly problem: string;
  readonly denseMs: number;
  readonly bestMs: number;
  readonly way: string;
}

/** The dense time of a layer, and that of the quickest way that gives the same result; null where it was not timed. */
function timedOf({ latency }: LayerChange): Timed | null {
  const exact = latency?.ways.filter(({ way }) => way !== 'int8') ?? [];
  const [dense] = exact;
  if (latency === null || dense === undefined) return null;
  const best = exact.reduce((quickest, way) => (way.ms.value < quickest.ms.value ? way : quickest));
  return { problem: latency.problem, denseMs: dense.ms.value, bestMs: best.ms.value, way: best.way };
}

/** Product, dense time, quickest time and way, for a row of the CSV. */
export function timeCells(layer: LayerChange): (string | number | null)[] {
  const timed = timedOf(layer);
  return timed === null ? [null, null, null, null] : [timed.problem, timed.denseMs, timed.bestMs, timed.way];
}

/** Where the time goes, in all and by layer, and why it is no less; nothing where nothing was timed. */
export function timeTables({ plan, latency, bridge }: ChangeReport): TextTable[] {
  if (latency.length === 0) return [];
  const layers = plan.layers.flatMap((layer): string[][] => {
    const timed = timedOf(layer);
    if (timed === null) return [];
    const { problem, denseMs, bestMs, way } = timed;
    return [[layer.name, problem, figure(denseMs), figure(bestMs), times(denseMs, bestMs), way]];
  });
  return [
    {
      title: 'Time, measured',
      heads: ['Engine', 'What', 'Before', 'After', 'Gain', 'Runs', 'Spread'],
      rows: latency.map(({ engine, per, before, after }) => {
        const { how } = after;
        const [runs, spread] =
          how.kind === 'measured' ? [String(how.runs), `±${(100 * how.spread).toFixed(1)} %`] : [how.kind, ''];
        return [engine, per, figure(before.value), figure(after.value), times(before.value, after.value), runs, spread];
      }),
    },
    {
      title: 'Time by layer',
      heads: ['Layer', 'Product', 'Dense ms', 'After ms', 'Gain', 'Quickest way'],
      rows: layers,
    },
    ...(bridge === null
      ? []
      : [
          {
            title: 'Why not more',
            heads: ['Step', 'ms'],
            rows: bridge.map(({ label, ms, kind }) => [kind === 'loss' ? `+ ${label}` : label, figure(ms)]),
          },
        ]),
  ];
}

const figure = (ms: number): string => String(Number(ms.toPrecision(3)));
const times = (before: number, after: number): string => (after > 0 ? `${(before / after).toFixed(1)}x` : '');

/** What runtimes do with the zeros; nothing where there are hardly any. */
export function runtimeTables({ runtimes }: ChangeReport): TextTable[] {
  if (runtimes.length === 0) return [];
  return [
    {
      title: 'Does any runtime use this?',
      heads: ['Runtime', 'Version', 'Pattern', 'Type', 'Condition', 'Gain', 'Why', 'Source', 'Read'],
      rows: runtimes.map(({ runtime, version, pattern, dtype, condition, gain, why, source, date }) => [
        runtime,
        version,
        pattern,
        dtype,
        condition,
        gain === null ? '–' : `${gain.value.toFixed(1)}x, ${gain.how.kind}`,
        why,
        source,
        date,
      ]),
    },
  ];
}

/** Estimates for the devices that the recipe names. */
export function deviceTables({ plan: { devices = [] } }: Pick<ChangeReport, 'plan'>): TextTable[] {
  if (devices.length === 0) return [];
  return [
    {
      title: 'How fast on other devices, estimated',
      heads: ['Device', 'Before ms', 'After ms', 'Gain', 'Layers bound by', 'Layers that skip zeros', 'Sources'],
      rows: devices.map(({ label, beforeMs, afterMs, boundBy, sparse, sources }) => [
        label,
        figure(beforeMs.value),
        figure(afterMs.value),
        times(beforeMs.value, afterMs.value),
        Object.entries(boundBy)
          .map(([what, count]) => `${what} ${count}`)
          .join(', '),
        `${sparse.layers} of ${sparse.of}`,
        sources.join('; '),
      ]),
    },
  ];
}
