import type { LayerTimes } from '@espalier/analysis';
import type { LayerChange, RuntimeRow } from '@espalier/protocol';
import { commonBaseline, denseOf, quickest } from '../latency/speedUp.js';
import { RUNTIMES, type RuntimeEntry } from './table.js';

/** From this share of zeros on a layer counts as sparse. */
const SPARSE = 0.3;

type Layer = Pick<LayerChange, 'name' | 'role' | 'shape' | 'zeros' | 'elements' | 'patterns' | 'storage'>;

/** Whether anything uses the zeros of a model: measured here first, then every runtime of the table, also where the answer is no. */
export function runtimeRows(layers: readonly Layer[], times: ReadonlyMap<string, LayerTimes>): RuntimeRow[] {
  const sparse = layers.filter(({ zeros, elements }) => zeros.after >= SPARSE * Math.max(1, elements.after));
  if (sparse.length === 0) return [];
  return [...here([...times.values()]), ...RUNTIMES.map((entry) => rowOf(entry, sparse))];
}

function here(times: readonly LayerTimes[]): RuntimeRow[] {
  const [first] = times;
  if (first === undefined) return [];
  const sum = (of: (each: LayerTimes) => number): number => times.reduce((total, each) => total + of(each), 0);
  const before = sum((each) => denseOf(each).medianMs);
  const after = sum((each) => quickest(each).medianMs);
  const best = times.map(quickest);
  const spread = Math.sqrt(best.reduce((total, way) => total + ((way.highMs - way.lowMs) / 2) ** 2, 0)) / after;
  const runs = Math.min(...best.map((way) => way.runs));
  return [
    {
      runtime: 'Espalier kernels, here',
      version: first.engine,
      pattern: 'any',
      dtype: 'f32',
      condition: 'each layer in its quickest way',
      gain: { value: before / after, how: { kind: 'measured', runs, spread, baseline: commonBaseline(times) } },
      why: `${best.filter(({ name }) => name !== 'dense').length} of ${times.length} layers skip their zeros`,
      source: 'measured on this machine',
      date: '',
    },
  ];
}

function rowOf({ gain, pattern, why, ...entry }: RuntimeEntry, sparse: readonly Layer[]): RuntimeRow {
  const fit = sparse.filter((layer) => fits(pattern, layer));
  const published = gain === null ? null : { value: gain, how: { kind: 'published' as const, source: entry.source } };
  if (pattern === 'any' || fit.length === sparse.length) return { ...entry, pattern, gain: published, why };
  if (fit.length === 0) return { ...entry, pattern, gain: null, why: `n/a: ${lacks(pattern, sparse)}` };
  return { ...entry, pattern, gain: published, why: `${fit.length} of ${sparse.length} layers: ${why}` };
}

function fits(pattern: RuntimeEntry['pattern'], { role, shape, patterns, storage }: Layer): boolean {
  switch (pattern) {
    case 'any':
      return true;
    case '2:4':
      return patterns.includes('2:4');
    case '1x1 convolutions':
      return role === 'conv' && shape.after.slice(2).every((length) => length === 1);
    case 'bytes of linear layers':
      return role === 'linear' && /^(?:int8|I8|U8)/.test(storage.after);
  }
}

function lacks(pattern: RuntimeEntry['pattern'], sparse: readonly Layer[]): string {
  const layers = sparse.length === 1 ? '1 layer' : `${sparse.length} layers`;
  switch (pattern) {
    case '2:4':
      return `the pattern is broken in ${layers}`;
    case '1x1 convolutions':
      return `none of ${layers} is a convolution of 1x1`;
    default:
      return `none of ${layers} is a linear layer of bytes`;
  }
}
