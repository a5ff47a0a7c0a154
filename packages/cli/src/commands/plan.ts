import { bytesText, exactCount, percentFigure, printable, shapeText } from '@espalier/base';
import type { Plan } from '@espalier/protocol';
import { quantizationCells, stepTitle } from '@espalier/service';
import { openSession } from '../session.js';
import { type Column, tableLines } from '../table.js';
import { coloursOf, print, progressLine, type Terminal } from '../terminal.js';
import { LOSSES, type RecipeText, sayFailure } from './change.js';

const COLUMNS: readonly Column[] = [
  { head: 'layer', align: 'left', shrinks: true },
  { head: 'shape', align: 'left' },
  { head: 'zero % before', align: 'right' },
  { head: 'after', align: 'right' },
  { head: 'energy kept %', align: 'right' },
  { head: 'notes', align: 'left' },
];

export interface PlanOptions {
  readonly format: 'table' | 'json';
  readonly gzip?: boolean;
  readonly measure?: boolean;
}

const TIMES: readonly Column[] = [
  { head: 'dense ms', align: 'right' },
  { head: 'quickest ms', align: 'right' },
  { head: 'way', align: 'left' },
];

/** Prints what a recipe would do. Exit codes: 0 fine, 2 it could not be planned. */
export async function plan(
  recipe: RecipeText,
  { format, gzip, measure }: PlanOptions,
  terminal: Terminal,
): Promise<0 | 2> {
  const session = openSession(terminal, { nearZeroRatio: 1e-8, cache: gzip === true || measure === true });
  const line = progressLine(terminal);
  try {
    const answer = await session.service.plan(
      {
        recipe: recipe.text,
        folder: recipe.folder,
        ...(gzip === true ? { gzip } : {}),
        ...(measure === true ? { measure } : {}),
      },
      terminal.signal,
      (item) => {
        if (item.kind === 'progress')
          line.show(`${item.done} of ${item.total} tensors ${printable(item.label)}`.trimEnd());
      },
    );
    line.clear();
    if (answer.kind !== 'plan') return await sayFailure(answer, recipe, format, terminal);
    const text =
      format === 'json'
        ? `${JSON.stringify({ schemaVersion: 1, plan: answer.plan }, null, 2)}\n`
        : `${planLines(answer.plan, terminal).join('\n')}\n`;
    await print(terminal.out, text);
    return 0;
  } finally {
    line.clear();
    await session.close();
  }
}

function planLines(found: Plan, terminal: Terminal): string[] {
  const { bold, dim, yellow } = coloursOf(terminal);
  const touched = found.layers.filter(({ leftAlone }) => leftAlone === null);
  const others = found.layers.filter(({ leftAlone }) => leftAlone !== null);
  const isQuantized = touched.some(({ quantization }) => quantization !== undefined);
  const isTimed = touched.some(({ latency }) => (latency?.ways.length ?? 0) > 0);
  const columns = [...COLUMNS, ...(isTimed ? TIMES : []), ...(isQuantized ? LOSSES : [])];
  const rows = touched.map((layer) => [
    printable(layer.name),
    shapeText(layer.shape.after),
    percentFigure(layer.zeros.before, layer.elements.before),
    percentFigure(layer.zeros.after, layer.elements.after),
    layer.energyKept === null ? '–' : percentFigure(layer.energyKept, 1),
    layer.patterns.join(' '),
    ...(isTimed ? timesOf(layer) : []),
    ...(isQuantized ? quantizationCells(layer.quantization) : []),
  ]);
  const width = terminal.out.isTTY === true ? (terminal.out.columns ?? 80) : 0;
  const [head, ...lines] = tableLines(columns, rows, width);
  const { prunableElements, prunableZeros, energyKept, sizes, macs } = found.totals;
  const share = (zeros: number, all: number): string => (all === 0 ? '–' : percentFigure(zeros, all));
  return [
    `${bold(printable(found.input.name))}   ${found.input.formatLabel}   ${found.steps.map(stepTitle).join(' · ')}`,
    '',
    dim(head!),
    ...lines,
    '',
    ...found.notes.map((note) => `  ${yellow(note.severity)}  ${printable(note.message)}  ${dim(note.code)}`),
    ...(found.notes.length > 0 ? [''] : []),
    `  ${share(prunableZeros.before, prunableElements.before)} → ${bold(`${share(prunableZeros.after, prunableElements.after)} %`)} of ${exactCount(prunableElements.after)} weights zero${energyKept === null ? '' : ` · ${percentFigure(energyKept, 1)} % of the energy kept`}`,
    `  on disk: raw ${isQuantized ? `${bytesText(sizes.before.raw)} → ` : ''}${bytesText(sizes.after.raw)}${gzipText(sizes)} · CSR ${bytesText(sizes.before.csr)} → ${bytesText(sizes.after.csr)} · bitmask ${bytesText(sizes.before.bitmask)} → ${bytesText(sizes.after.bitmask)}${sizes.after.packed24?.fits === 1 ? ` · 2:4 packed ${bytesText(sizes.after.packed24.bytes)}` : ''}`,
    ...(macs === null
      ? []
      : [
          `  multiply-adds: ${exactCount(macs.before.dense)} dense, ${exactCount(macs.after.effective)} with zeros skipped${found.totals.macConvention === null ? '' : dim(`  ${found.totals.macConvention}`)}`,
        ]),
    ...(found.latency ?? []).map(
      ({ engine, per, before, after }) =>
        `  measured here: ${threeFigures(before.value)} → ${bold(threeFigures(after.value))} ${per}, each layer in its quickest way  ${dim(engine)}`,
    ),
    ...(found.devices ?? []).map(
      ({ label, beforeMs, afterMs }) =>
        `  estimated for ${label}: ${threeFigures(beforeMs.value)} → ${threeFigures(afterMs.value)} ms`,
    ),
    dim(`  ${others.length} tensors are left alone · nothing was written`),
  ];
}

const threeFigures = (value: number): string => String(Number(value.toPrecision(3)));

/** Dense, and the quickest way that gives the same result. */
function timesOf({ latency }: Plan['layers'][number]): string[] {
  const exact = latency?.ways.filter(({ way }) => way !== 'int8') ?? [];
  const [dense] = exact;
  if (dense === undefined) return ['–', '–', ''];
  const best = exact.reduce((least, each) => (each.ms.value < least.ms.value ? each : least));
  return [threeFigures(dense.ms.value), threeFigures(best.ms.value), best.way];
}

/** Only where it was asked for. */
function gzipText({ before, after }: Plan['totals']['sizes']): string {
  const from = before.gzip ?? null;
  const to = after.gzip ?? null;
  if (from === null && to === null) return '';
  const obtained = (to ?? from)!.obtained;
  const error = obtained.kind === 'sampled' ? ` (sampled ±${threeFigures(obtained.error * 100)} %)` : '';
  return ` · gzip ${bytesText(from?.bytes ?? before.raw)} → ${bytesText(to?.bytes ?? after.raw)}${error}`;
}
