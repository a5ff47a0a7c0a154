import { basename, dirname, join } from 'node:path';
import type { TensorFacts } from '@espalier/analysis';
import {
  bytesText,
  compactCount,
  describeFault,
  exactCount,
  type Fault,
  percentFigure,
  printable,
  shapeText,
} from '@espalier/base';
import { type FileFacts, patternText } from '@espalier/service';
import { macsLine, operatorLines } from './operatorTable.js';
import { bar, type Column, tableLines } from './table.js';
import type { Colours } from './terminal.js';

export interface InspectView {
  readonly width: number;
  readonly colours: Colours;
  /** Also tensors without zeros, biases and norms. */
  readonly all: boolean;
  readonly chosen: (name: string) => boolean;
  /** Also the operators, one by one. */
  readonly operators: boolean;
  /** Milliseconds that reading the values took; null where none were read. */
  readonly scanMs: number | null;
}

const COLUMNS: readonly Column[] = [
  { head: 'layer', align: 'left', shrinks: true },
  { head: 'type', align: 'left' },
  { head: 'shape', align: 'left' },
  { head: 'parameters', align: 'right' },
  { head: 'zero %', align: 'right' },
  { head: '', align: 'left' },
  { head: 'pattern', align: 'left' },
  { head: 'notes', align: 'left' },
];

/** The report of one file for people. */
export function inspectLines(name: string, facts: FileFacts, view: InspectView): string[] {
  const { head, totals, findings } = facts;
  const { bold, dim, yellow, red } = view.colours;
  const share =
    totals.prunableZeros !== null && totals.readablePrunable > 0
      ? `${percentFigure(totals.prunableZeros, totals.readablePrunable)} % of prunable weights zero`
      : totals.zeros !== null && totals.readableParameters > 0
        ? `${percentFigure(totals.zeros, totals.readableParameters)} % zero`
        : '';
  const lines = [
    [
      bold(printable(name)),
      head.formatLabel,
      `${compactCount(totals.parameters)} parameters`,
      bytesText(totals.bytes),
      share,
    ]
      .filter(Boolean)
      .join('   '),
    '',
  ];
  const listed = head.tensors
    .filter((tensor) => view.chosen(tensor.name))
    .map((tensor) => facts.facts.get(tensor.name) ?? { head: tensor });
  const shown = view.all || view.scanMs === null ? listed : listed.filter(isWorthARow);
  if (shown.length > 0) {
    const rows = shown.map((fact) => rowOf(fact, facts, view.colours));
    // A column that says nothing about this file is left out.
    const used = COLUMNS.map((column, i) => column.shrinks || rows.some((row) => row[i] !== ''));
    const keep = <T>(cells: readonly T[]): T[] => cells.filter((_, i) => used[i]);
    const [headLine, ...bodyLines] = tableLines(keep(COLUMNS), rows.map(keep), view.width);
    lines.push(dim(headLine!), ...bodyLines, '');
  }
  const operators = head.operators ?? [];
  if (operators.length > 0) {
    if (view.operators) lines.push(...operatorLines(operators, view.width, view.colours), '');
    lines.push(`  ${macsLine(operators)}`, '');
  } else if (view.operators) lines.push(`  ${dim('The file carries no operators.')}`, '');
  for (const finding of findings) {
    const paint = finding.severity === 'error' ? red : finding.severity === 'warning' ? yellow : dim;
    lines.push(`  ${paint(finding.severity)}  ${printable(finding.message)}  ${dim(finding.code)}`);
  }
  if (findings.length > 0) lines.push('');
  const hidden = listed.length - shown.length;
  const footer = [
    `${exactCount(head.tensors.length)} ${head.tensors.length === 1 ? 'tensor' : 'tensors'}`,
    ...(listed.length < head.tensors.length ? [`${exactCount(listed.length)} chosen`] : []),
    ...(hidden > 0 ? [`${exactCount(hidden)} of less interest not shown (--all)`] : []),
    view.scanMs === null ? 'header only' : `scanned ${bytesText(totals.bytes)} in ${(view.scanMs / 1000).toFixed(2)} s`,
  ];
  lines.push(dim(`  ${footer.join(' · ')}`));
  return lines;
}

/** Rows that a person came for: layers' weights, and everything with zeros or trouble. */
function isWorthARow({ head, stats, fault }: TensorFacts): boolean {
  if (fault !== undefined || head.noValues?.fault !== undefined || head.prunable) return true;
  // Whole numbers are shapes and indices: their zeros are no sparsity.
  if (/^[IU]\d|^BOOL/.test(head.dtype)) return false;
  return stats !== undefined && stats.zeros + stats.nan + stats.inf > 0 && head.elements > 1;
}

function rowOf(fact: TensorFacts, facts: FileFacts, { blue, yellow, red }: Colours): string[] {
  const { head, stats, fault } = fact;
  const start = [printable(head.name), head.storage, shapeText(head.shape), exactCount(head.elements)];
  const error: Fault | undefined = fault ?? head.noValues?.fault;
  if (error !== undefined) return [...start, '', '', '', red(printable(error.message))];
  if (stats === undefined) return [...start, '', '', '', ''];
  const notes = facts.findings
    .filter((finding) => finding.tensor === head.name && finding.severity !== 'information')
    .map((finding) => NOTES[finding.code] ?? '')
    .filter(Boolean);
  if ((stats.deadOutputChannels ?? 0) > 0 && head.outputChannels !== stats.deadOutputChannels) {
    notes.push(
      `${exactCount(stats.deadOutputChannels!)} dead output ${stats.deadOutputChannels === 1 ? 'channel' : 'channels'}`,
    );
  }
  if (stats.nan + stats.inf > 0) notes.push(`${exactCount(stats.nan)} NaN, ${exactCount(stats.inf)} Inf`);
  return [
    ...start,
    head.elements === 0 ? '' : percentFigure(stats.zeros, head.elements),
    head.elements === 0 ? '' : blue(bar(stats.zeros / head.elements, 10)),
    patternText(fact),
    yellow(notes.join(' · ')),
  ].map((cell) => (cell === yellow('') ? '' : cell));
}

const NOTES: Readonly<Record<string, string>> = { 'checkpoint/dead-layer': 'all zero' };

/** `espalier: x.safetensors: …`: one line. */
export const faultLine = (fault: Fault, path: string): string =>
  `espalier: ${printable(describeFault({ ...fault, file: placeOf(fault.file, path) }))}`;

/** Readers know names, not where a file lies: the path as it was given, and for a file beside it that with its name. */
function placeOf(name: string | undefined, path: string): string {
  if (name === undefined || name === basename(path)) return path;
  return name.includes('/') || name.includes('\\') ? name : join(dirname(path), name);
}
