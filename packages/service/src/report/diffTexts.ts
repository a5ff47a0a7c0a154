import type { StructureDiff, ValueDiff } from '@espalier/analysis';
import { exactCount, percentFigure, printable, shapeText, valueText } from '@espalier/base';
import type { CompareEnd } from '../comparisons.js';
import type { Trend } from '../trend.js';
import { csvText } from './csv.js';

/** Columns of the table of differences. */
export const DIFF_COLUMNS = [
  { head: 'layer', align: 'left' },
  { head: 'changed', align: 'right' },
  { head: 'changed %', align: 'right' },
  { head: 'new zeros', align: 'right' },
  { head: 'new kept', align: 'right' },
  { head: 'zero % before', align: 'right' },
  { head: 'after', align: 'right' },
  { head: 'max |Δ|', align: 'right' },
] as const;

/** A row of that table. */
export const diffRow = (diff: ValueDiff): string[] => [
  printable(diff.nameBefore === undefined ? diff.name : `${diff.nameBefore} → ${diff.name}`),
  exactCount(diff.changed),
  percentFigure(diff.changed, diff.elements),
  exactCount(diff.newZeros),
  exactCount(diff.newKept),
  shareFigure(diff.sparsityBefore),
  shareFigure(diff.sparsityAfter),
  valueText(diff.maxAbsDelta),
];

/** A share as percent; a dash where it is not known. */
export const shareFigure = (sparsity: number | null): string => (sparsity === null ? '–' : percentFigure(sparsity, 1));

/** What two files differ in, in one sentence. */
export function diffTotal({ identical, totals }: CompareEnd): string {
  if (identical) return 'No value differs. The files are equal in every tensor.';
  const { changed, elements, maskChanged, sparsityBefore, sparsityAfter, maxAbsDelta, l2Delta } = totals;
  return `${exactCount(changed)} of ${exactCount(elements)} weights changed (${percentFigure(changed, elements)} %) · mask ${exactCount(maskChanged)} · zero ${shareFigure(sparsityBefore)} → ${shareFigure(sparsityAfter)} % · max |Δ| ${valueText(maxAbsDelta)} · ‖Δ‖₂ ${valueText(l2Delta)}`;
}

export interface StructureLine {
  readonly kind: keyof StructureDiff;
  readonly mark: string;
  readonly text: string;
}

/** One line for each difference in structure. */
export const structureLines = (structure: StructureDiff): StructureLine[] => [
  ...structure.added.map(({ name, dtype, shape }) => ({
    kind: 'added' as const,
    mark: '+',
    text: printable(`${name}  added · ${dtype} ${shapeText(shape)}`),
  })),
  ...structure.removed.map(({ name, dtype, shape }) => ({
    kind: 'removed' as const,
    mark: '−',
    text: printable(`${name}  removed · ${dtype} ${shapeText(shape)}`),
  })),
  ...structure.renamed.map(({ before, after, how }) => ({
    kind: 'renamed' as const,
    mark: '→',
    text: printable(`${after}  renamed · was ${before}, ${how}`),
  })),
  ...structure.reshaped.map(({ name, before, after }) => ({
    kind: 'reshaped' as const,
    mark: '⧉',
    text: printable(`${name}  reshaped · ${shapeText(before)} → ${shapeText(after)}`),
  })),
  ...structure.retyped.map(({ name, before, after }) => ({
    kind: 'retyped' as const,
    mark: '~',
    text: printable(`${name}  retyped · ${before} → ${after}`),
  })),
];

/** The differences for pull requests and notes. */
export function diffMarkdown(before: string, after: string, end: CompareEnd, values: readonly ValueDiff[]): string {
  const structure = structureLines(end.structure).map(({ mark, text }) => `- ${mark} ${text}`);
  return [
    `## ${printable(before)} → ${printable(after)}`,
    '',
    diffTotal(end),
    '',
    ...structure,
    ...(structure.length > 0 ? [''] : []),
    `| ${DIFF_COLUMNS.map(({ head }) => head).join(' | ')} |`,
    `|${DIFF_COLUMNS.map(({ align }) => (align === 'right' ? '---:' : '---')).join('|')}|`,
    ...values.map((diff) => markdownRow(diffRow(diff))),
    '',
  ].join('\n');
}

/** One row a tensor, RFC 4180. */
export const diffCsv = (values: readonly ValueDiff[]): string =>
  csvText([DIFF_COLUMNS.map(({ head }) => head), ...values.map(diffRow)]);

/** The share of zeros of each layer in each file. `names` are for people. */
export function trendMarkdown(names: readonly string[], layers: Trend['layers']): string {
  const [head, ...rows] = trendRows(names, layers);
  return [markdownRow(head!), `|${head!.map(() => '---').join('|')}|`, ...rows.map(markdownRow), ''].join('\n');
}

export const trendCsv = (names: readonly string[], layers: Trend['layers']): string =>
  csvText(trendRows(names, layers));

const trendRows = (names: readonly string[], layers: Trend['layers']): string[][] => [
  ['zero % of layer', ...names],
  ...layers.map((layer) => [printable(layer.name), ...layer.sparsity.map(shareFigure)]),
];

const markdownRow = (cells: readonly string[]): string =>
  `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
