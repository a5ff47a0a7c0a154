import type { LayerTimes } from '@espalier/analysis';
import type { BridgeStep, ChangeReport, Figure, ModelLatency } from '@espalier/protocol';
import { commonBaseline, denseOf, ms, quickest } from './speedUp.js';

/** Times of all layers together: dense, and each in the quickest way that gives the same result. Null without layers. */
export function modelLatency(layers: readonly LayerTimes[]): ModelLatency | null {
  const [first] = layers;
  if (first === undefined) return null;
  const assumed = layers.some(({ columnsFrom }) => columnsFrom === 'assumed');
  return {
    engine: `Espalier kernels, ${first.engine}`,
    per: assumed
      ? `ms for the products of ${layers.length} layers by ${first.columns} columns`
      : `ms for the products of ${layers.length} layers in one run`,
    before: sumOf(layers, denseOf),
    masked: null,
    after: sumOf(layers, quickest),
  };
}

function sumOf(layers: readonly LayerTimes[], of: typeof denseOf): Figure {
  const ways = layers.map(of);
  const value = ways.reduce((sum, { medianMs }) => sum + medianMs, 0);
  // Layers vary by themselves.
  const spread = Math.sqrt(ways.reduce((sum, { highMs, lowMs }) => sum + ((highMs - lowMs) / 2) ** 2, 0));
  return {
    value,
    how: {
      kind: 'measured',
      runs: Math.min(...ways.map(({ runs }) => runs)),
      spread: value === 0 ? 0 : spread / value,
      baseline: commonBaseline(layers),
    },
  };
}

/**
 * From the dense time to the quickest: what zeros would give if each saved its share, and what is lost of that on the way. Null where zeros would give
 * nothing.
 */
export function bridgeOf(layers: readonly LayerTimes[]): BridgeStep[] | null {
  const parts = layers.map((times) => {
    const dense = denseOf(times).medianMs;
    const best = quickest(times);
    return { dense, ideal: dense * (1 - times.sparsity), best: best.medianMs, skips: best.name !== 'dense' };
  });
  const sum = (of: (part: (typeof parts)[number]) => number): number =>
    parts.reduce((total, part) => total + of(part), 0);
  const [before, ideal, after] = [sum(({ dense }) => dense), sum((part) => part.ideal), sum(({ best }) => best)];
  if (before === 0 || ideal >= before * 0.99) return null;
  const left = sum((part) => (part.skips ? 0 : part.best - part.ideal));
  const slower = sum((part) => (part.skips ? part.best - part.ideal : 0));
  const dense = parts.filter((part) => !part.skips && part.ideal < part.dense).length;
  const losses: BridgeStep[] = [
    { label: `${dense} ${dense === 1 ? 'layer is' : 'layers are'} quickest dense`, ms: left, kind: 'loss' },
    { label: 'skipping takes longer for each weight than computing', ms: slower, kind: 'loss' },
  ];
  return [
    { label: 'dense', ms: before, kind: 'end' },
    {
      label: `if every ${layers.some(({ channelsGone }) => channelsGone) ? 'weight that is gone' : 'zero'} saved its share`,
      ms: ideal,
      kind: 'ideal',
    },
    ...losses.filter(({ ms: lost }) => lost !== 0),
    { label: 'each layer in its quickest way', ms: after, kind: 'end' },
  ];
}

/** `2.9 ms dense → 1.5 ms each layer in its quickest way: 2.0x; 1.0x where a runtime computes dense`. */
export function timesSummary(layers: readonly LayerTimes[]): string {
  const total = modelLatency(layers);
  if (total === null) return 'no layer is a product that could be timed';
  const { before, after } = total;
  return `${ms(before.value)} dense → ${ms(after.value)} each layer in its quickest way: ${(before.value / after.value).toFixed(1)}x; 1.0x where a runtime computes dense`;
}

type Clause = ChangeReport['verdict'][number];

/** What was measured, and what it takes to get it. */
export function timeClauses(
  latency: ModelLatency | null,
  layers: readonly LayerTimes[],
  whole: ModelLatency | null = null,
): Clause[] {
  if (latency === null && whole !== null) return [wholeClause(whole)];
  if (latency === null) {
    return [[{ text: 'time was not measured: zeros alone make nothing faster where a runtime computes dense.' }]];
  }
  const { before, after } = latency;
  const kept = layers.filter(({ channelsGone }) => channelsGone !== true);
  const skipping = kept.filter((times) => quickest(times).name !== 'dense').length;
  const condition =
    kept.length === 0
      ? 'with the channels that are left,'
      : `if ${skipping} of ${kept.length} layers skip their zeros,`;
  return [
    [
      { text: `${(before.value / after.value).toFixed(1)}x`, strong: true },
      {
        text: ` as fast here, ${ms(before.value)} → ${ms(after.value)} for the products, ${condition}`,
      },
    ],
    ...(whole !== null
      ? [wholeClause(whole)]
      : kept.length === 0
        ? []
        : [[{ text: '1.0x', strong: true }, { text: ' where a runtime computes dense, as most do.' }]]),
  ];
}

/** What a runtime makes of it that was asked. */
const wholeClause = ({ engine, before, after }: ModelLatency): Clause => [
  { text: `${(before.value / after.value).toFixed(1)}x`, strong: true },
  { text: ` in ${engine}: ${ms(before.value)} → ${ms(after.value)} for the whole model.` },
];
