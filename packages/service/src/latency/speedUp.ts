import type { LayerTimes, Way, WayTiming } from '@espalier/analysis';
import type { Figure, LayerLatency } from '@espalier/protocol';

/** What people call the ways to compute a layer. */
export const WAY_LABELS: Readonly<Record<Way, string>> = {
  dense: 'dense',
  csr: 'CSR',
  'block-4x1': '4x1 blocks',
  regrouped: 'dense groups',
  'channels-removed': 'channels removed',
  int8: 'int8',
};

export const denseOf = ({ ways }: LayerTimes): WayTiming => ways[0]!;

/** The quickest way that gives the same result: bytes round. */
export function quickest(times: LayerTimes): WayTiming {
  const exact = times.ways.filter(({ name }) => name !== 'int8');
  return exact.reduce((best, way) => (way.medianMs < best.medianMs ? way : best));
}

/** `2048×512 by 49`, `32 of 8×72 by 196` in groups, and what was done about products that do not fit. */
export function problemText({ rows, inner, columns, columnsFrom, timed, groups }: LayerTimes): string {
  const many = (count: number | undefined): string => (count === undefined ? '' : `${count} of `);
  const whole = `${many(groups)}${rows}×${inner} by ${columns}${columnsFrom === 'assumed' ? ' (assumed)' : ''}`;
  if (timed.rows === rows && timed.columns === columns && timed.groups === groups) return whole;
  return `${whole}, scaled from ${many(timed.groups)}${timed.rows}×${inner} by ${timed.columns}`;
}

/** What the other ways are compared with. */
export const baselineOf = ({ engine, denseBy }: LayerTimes): string =>
  `dense f32${denseBy === undefined ? '' : `, ${denseBy}`}, ${engine}`;

/** The same for several layers, which may have come about in several manners. */
export const commonBaseline = (layers: readonly LayerTimes[]): string => {
  const all = [...new Set(layers.map(baselineOf))];
  return all.length === 1 ? all[0]! : `dense f32, each layer in its quicker manner, ${layers[0]!.engine}`;
};

/** Times as reports carry them. */
export function toLayerLatency(times: LayerTimes): LayerLatency {
  return {
    problem: problemText(times),
    ways: times.ways.map((way) => ({ way: way.name, ms: figureOf(way, times) })),
    devices: [],
  };
}

const figureOf = ({ medianMs, lowMs, highMs, runs }: WayTiming, times: LayerTimes): Figure => ({
  value: medianMs,
  how: {
    kind: 'measured',
    runs,
    spread: medianMs === 0 ? 0 : (highMs - lowMs) / 2 / medianMs,
    baseline: baselineOf(times),
  },
});

/** `CSR 1.9x, 4x1 blocks 1.2x as fast as dense (0.61 ms), measured`: every exact way beside the dense one, also where none is quicker. */
export function speedUpText(times: LayerTimes): string {
  const dense = denseOf(times);
  const others = times.ways.filter(({ name }) => name !== 'dense' && name !== 'int8');
  const time = `${ms(dense.medianMs)}${times.denseBy === undefined ? '' : `, ${times.denseBy}`}`;
  if (others.length === 0) return `no zeros to skip: ${time} dense, measured`;
  const list = others.map(({ name, medianMs }) => `${WAY_LABELS[name]} ${(dense.medianMs / medianMs).toFixed(1)}x`);
  return `${list.join(', ')} as fast as dense (${time}), measured`;
}

/** Three figures are what a measurement carries. */
export const ms = (value: number): string => `${Number(value.toPrecision(3))} ms`;
