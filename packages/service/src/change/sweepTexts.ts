import { percentFigure } from '@espalier/base';
import type { SweepReport, SweepResult } from '@espalier/protocol';
import { csvText } from '../report/csv.js';

/** `sparsity 0.8, seed 1`; axes that make no difference are left out. */
export const pointLabel = (values: SweepResult['values']): string =>
  Object.entries(values)
    .filter(([, value]) => value !== null)
    .map(([key, value]) => `${key} ${value}`)
    .join(', ');

/** One sentence on what a sweep gave. */
export function sweepVerdict(points: readonly SweepResult[]): string {
  const done = points.flatMap(({ state }) => (state.kind === 'done' ? [state] : []));
  const failed = points.filter(({ state }) => state.kind === 'failed').length;
  const counts = `${done.length} of ${points.length} points${failed === 0 ? '' : `, ${failed} failed`}`;
  const range = (figures: readonly number[]): string | null => {
    if (figures.length === 0) return null;
    const [low, high] = [Math.min(...figures), Math.max(...figures)].map((share) => percentFigure(share, 1));
    return low === high ? `${low} %` : `${low} to ${high} %`;
  };
  const zeros = range(
    done.flatMap(({ prunableElements: all, prunableZeros }) => (all === 0 ? [] : [prunableZeros / all])),
  );
  const energy = range(done.flatMap(({ energyKept }) => energyKept ?? []));
  return [
    counts,
    ...(zeros === null ? [] : [`${zeros} of the weights zero`]),
    ...(energy === null ? [] : [`${energy} of the energy kept`]),
  ].join('; ');
}

const HEADS = [
  'zeros %',
  'energy kept %',
  'lowest SQNR, dB',
  'file bytes',
  'sparse bytes',
  'speed-up',
  'accuracy',
] as const;

interface Rows {
  readonly heads: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** The rows of a comparison: the axes, then the figures; empty where a point has none. */
function everyColumn({ axes, points }: Pick<SweepReport, 'axes' | 'points'>): Rows {
  const keys = axes.map(({ key }) => key);
  const rows = points.map(({ values, series, state }) => [
    series,
    ...keys.map((key) => String(values[key] ?? '')),
    ...(state.kind === 'done' ? figures(state) : HEADS.map(() => '')),
    state.kind === 'failed' ? state.fault.message : state.kind === 'waiting' ? 'not run yet' : '',
  ]);
  return { heads: ['steps', ...keys, ...HEADS, 'remark'], rows };
}

function figures(state: Extract<SweepResult['state'], { kind: 'done' }>): string[] {
  const { msBefore, msAfter } = state;
  return [
    state.prunableElements === 0 ? '' : percentFigure(state.prunableZeros, state.prunableElements),
    state.energyKept === null ? '' : percentFigure(state.energyKept, 1),
    state.lowestSqnrDb === null ? '' : state.lowestSqnrDb.toFixed(1),
    String(state.outputBytes),
    String(state.sparseBytes),
    msBefore === null || msAfter === null ? '' : `${(msBefore / msAfter).toFixed(2)}x`,
    state.accuracy === null ? '' : String(state.accuracy),
  ];
}

/** The same for people: what no point has is left out. */
export function sweepRows(report: Pick<SweepReport, 'axes' | 'points'>): Rows {
  const { heads, rows } = everyColumn(report);
  const shown = heads.map((_, at) => at <= report.axes.length || rows.some((row) => row[at] !== ''));
  return { heads: heads.filter((_, at) => shown[at]), rows: rows.map((row) => row.filter((_, at) => shown[at])) };
}

export function sweepMarkdown(report: SweepReport): string {
  const { heads, rows } = sweepRows(report);
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [
    `# ${report.title}`,
    '',
    `${report.verdict}.`,
    '',
    line(heads),
    line(heads.map(() => '---')),
    ...rows.map(line),
    '',
  ].join('\n');
}

export function sweepCsv(report: SweepReport): string {
  const { heads, rows } = everyColumn(report);
  return csvText([heads, ...rows]);
}

/** One file that needs nothing else. */
export function sweepHtml(report: SweepReport): string {
  const { heads, rows } = sweepRows(report);
  const cells = (row: readonly string[], tag: string): string =>
    `<tr>${row.map((cell) => `<${tag}>${escaped(cell)}</${tag}>`).join('')}</tr>`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${escaped(report.title)}</title>
<style>body{font:14px/20px sans-serif;margin:24px}table{border-collapse:collapse}th,td{padding:2px 16px 2px 0;text-align:left}</style></head>
<body><h1>${escaped(report.title)}</h1><p>${escaped(report.verdict)}.</p>
<table><thead>${cells(heads, 'th')}</thead><tbody>${rows.map((row) => cells(row, 'td')).join('')}</tbody></table>
<pre>${escaped(report.recipe)}</pre></body></html>
`;
}

const escaped = (text: string): string => text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
