import type { SweepReport, SweepResult } from '@espalier/protocol';

/** What the picture shows over the share of zeros. */
export const MEASURES = ['energy', 'accuracy', 'sqnr', 'speed', 'size', 'work'] as const;
export type Measure = (typeof MEASURES)[number];

/** Several points with the same options but for their seeds. */
export interface SeriesPoint {
  /** Zeros of the prunable weights, 0 to 100. */
  readonly zeros: number;
  readonly mean: number;
  readonly lowest: number;
  readonly highest: number;
  readonly runs: number;
}

export interface Series {
  readonly name: string;
  /** In the order of their zeros. */
  readonly points: readonly SeriesPoint[];
}

type Done = Extract<SweepResult['state'], { kind: 'done' }>;

/** A figure of a point: percent, times, bytes; null where it is not known. */
export function figureOf(state: Done, measure: Measure): number | null {
  const percent = (share: number | null): number | null => (share === null ? null : 100 * share);
  switch (measure) {
    case 'energy':
      return percent(state.energyKept);
    case 'accuracy':
      return state.accuracy;
    case 'sqnr':
      return state.lowestSqnrDb;
    case 'speed':
      return state.msBefore === null || state.msAfter === null || state.msAfter === 0
        ? null
        : state.msBefore / state.msAfter;
    case 'size':
      return state.sparseBytes;
    case 'work':
      return percent(state.effectiveMacs);
  }
}

export const zerosOf = ({ prunableElements, prunableZeros }: Done): number =>
  prunableElements === 0 ? 0 : (100 * prunableZeros) / prunableElements;

/** What can be shown at all. */
export const measuresOf = ({ points }: Pick<SweepReport, 'points'>): readonly Measure[] =>
  MEASURES.filter((measure) => points.some(({ state }) => state.kind === 'done' && figureOf(state, measure) !== null));

/** Axes along which a series runs, or that its name tells already. */
const NOT_NAMED = ['seed', 'sparsity', 'method', 'ratio', 'scope', 'norm', 'shape', 'mode'];
const optionOf = (key: string): string => key.slice(key.lastIndexOf('.') + 1);

/** The points as lines: those of one line differ in their sparsity alone, and seeds of the same options are one point of it. */
export function seriesOf({ points }: Pick<SweepReport, 'points'>, measure: Measure): readonly Series[] {
  const lines = new Map<string, Map<string, { readonly zeros: number; readonly figure: number }[]>>();
  for (const { series, values, state } of points) {
    const figure = state.kind === 'done' ? figureOf(state, measure) : null;
    if (state.kind !== 'done' || figure === null) continue;
    const others = Object.entries(values).filter(
      ([key, value]) => value !== null && !NOT_NAMED.includes(optionOf(key)),
    );
    const name = [series, ...others.map(([key, value]) => `${key} ${value}`)].join(', ');
    const same = JSON.stringify(Object.entries(values).filter(([key]) => optionOf(key) !== 'seed'));
    const line = lines.get(name) ?? new Map();
    lines.set(name, line);
    line.set(same, [...(line.get(same) ?? []), { zeros: zerosOf(state), figure }]);
  }
  return [...lines].map(([name, groups]) => ({
    name,
    points: [...groups.values()]
      .map((runs): SeriesPoint => {
        const mean = (of: (run: (typeof runs)[number]) => number): number =>
          runs.reduce((sum, run) => sum + of(run), 0) / runs.length;
        const figures = runs.map((run) => run.figure);
        return {
          zeros: mean((run) => run.zeros),
          mean: mean((run) => run.figure),
          lowest: Math.min(...figures),
          highest: Math.max(...figures),
          runs: runs.length,
        };
      })
      .sort((a, b) => a.zeros - b.zeros),
  }));
}
