import type { ValueDiff } from '@espalier/analysis';
import { exactCount, type Fault, globMatcher, percentFigure, shapeText, valueText } from '@espalier/base';
import { type CompareEnd, type Trend, toDiffReport } from '@espalier/service';
import { faultLine } from '../inspectTable.js';
import { openSession } from '../session.js';
import { type Column, tableLines } from '../table.js';
import { coloursOf, print, progressLine, type Terminal } from '../terminal.js';

export interface DiffOptions {
  readonly format: 'table' | 'json' | 'markdown' | 'csv';
  readonly layers: readonly string[];
  readonly all: boolean;
  /** `structure`, `values`, `mask`, `any`. */
  readonly failOn: readonly string[];
  readonly threads?: number;
  readonly cache: boolean;
}

/** Exit codes: 0 fine (also when the files differ), 1 a difference named by --fail-on occurred, 2 a file could not be read. */
export async function diff(paths: readonly string[], options: DiffOptions, terminal: Terminal): Promise<0 | 1 | 2> {
  const session = openSession(terminal, {
    nearZeroRatio: 1e-8,
    cache: options.cache,
    ...(options.threads === undefined ? {} : { threads: options.threads }),
  });
  const matchers = options.layers.map(globMatcher);
  const chosen = (name: string): boolean => matchers.length === 0 || matchers.some((matches) => matches(name));
  const progress = progressLine(terminal);
  const failed = async (fault: Fault, path: string): Promise<2> => {
    if (options.format === 'json') {
      const { code, message, offset } = fault;
      const error = { path, error: { code, message, ...(offset === undefined ? {} : { offset }) } };
      await print(terminal.out, `${JSON.stringify({ schemaVersion: 1, ...error }, null, 2)}\n`);
    }
    await print(terminal.err, `${faultLine(fault, path)}\n`);
    return 2;
  };
  try {
    const [before, after] = paths as [string, string];
    for (const path of paths) {
      const head = await session.service.head(path, terminal.signal);
      if (!head.ok) return await failed(head.fault, path);
    }
    if (paths.length > 2) {
      const trend = await session.service.trend(paths, terminal.signal);
      if (!trend.ok) return await failed(trend.fault, trend.fault.file ?? paths[0]!);
      await print(terminal.out, trendText(paths, trend.value, options, chosen, terminal));
      return 0;
    }
    const values: ValueDiff[] = [];
    const end = await session.service.compare({ before, after }, terminal.signal, (item) => {
      if (item.kind === 'values') values.push(...item.values);
      else progress.show(`${item.doneTensors} of ${item.tensors} tensors`);
    });
    progress.clear();
    if (!end.ok) return await failed(end.fault, end.fault.file ?? before);
    values.sort((a, b) => (a.name < b.name ? -1 : 1));
    if (options.format === 'json') {
      await print(terminal.out, `${JSON.stringify(toDiffReport(before, after, end.value, values, chosen), null, 2)}\n`);
    } else {
      await print(
        terminal.out,
        diffText(
          before,
          after,
          end.value,
          values.filter(({ name }) => chosen(name)),
          options,
          terminal,
        ),
      );
    }
    return fails(end.value, options.failOn) ? 1 : 0;
  } finally {
    progress.clear();
    await session.close();
  }
}

function fails({ structure, totals, identical }: CompareEnd, failOn: readonly string[]): boolean {
  const different =
    structure.added.length +
      structure.removed.length +
      structure.renamed.length +
      structure.reshaped.length +
      structure.retyped.length >
    0;
  return (
    (failOn.includes('any') && !identical) ||
    (failOn.includes('structure') && different) ||
    (failOn.includes('values') && totals.changed > 0) ||
    (failOn.includes('mask') && totals.maskChanged > 0)
  );
}

const COLUMNS: readonly Column[] = [
  { head: 'layer', align: 'left', shrinks: true },
  { head: 'changed', align: 'right' },
  { head: 'changed %', align: 'right' },
  { head: 'new zeros', align: 'right' },
  { head: 'new kept', align: 'right' },
  { head: 'zero % before', align: 'right' },
  { head: 'after', align: 'right' },
  { head: 'max |Δ|', align: 'right' },
];

function diffText(
  before: string,
  after: string,
  end: CompareEnd,
  values: readonly ValueDiff[],
  options: DiffOptions,
  terminal: Terminal,
): string {
  const { bold, dim, green, red, yellow } = coloursOf(terminal);
  const shown = options.all ? values : values.filter((diff) => diff.changed > 0);
  const rows = shown.map((diff) => [
    diff.nameBefore === undefined ? diff.name : `${diff.nameBefore} → ${diff.name}`,
    exactCount(diff.changed),
    percentFigure(diff.changed, diff.elements),
    exactCount(diff.newZeros),
    exactCount(diff.newKept),
    share(diff.sparsityBefore),
    share(diff.sparsityAfter),
    valueText(diff.maxAbsDelta),
  ]);
  if (options.format === 'csv') return csv([COLUMNS.map((column) => column.head), ...rows]);
  const { structure } = end;
  const structureLines = [
    ...structure.added.map(
      (tensor) => `${green('+')} ${tensor.name}  added · ${tensor.dtype} ${shapeText(tensor.shape)}`,
    ),
    ...structure.removed.map(
      (tensor) => `${red('−')} ${tensor.name}  removed · ${tensor.dtype} ${shapeText(tensor.shape)}`,
    ),
    ...structure.renamed.map(
      (rename) => `${yellow('→')} ${rename.after}  renamed · was ${rename.before}, ${rename.how}`,
    ),
    ...structure.reshaped.map(
      (reshape) =>
        `${yellow('⧉')} ${reshape.name}  reshaped · ${shapeText(reshape.before)} → ${shapeText(reshape.after)}`,
    ),
    ...structure.retyped.map((retype) => `${yellow('~')} ${retype.name}  retyped · ${retype.before} → ${retype.after}`),
  ];
  const sum = end.totals;
  const total = end.identical
    ? 'No value differs. The files are equal in every tensor.'
    : `${exactCount(sum.changed)} of ${exactCount(sum.elements)} weights changed (${percentFigure(sum.changed, sum.elements)} %) · mask ${exactCount(sum.maskChanged)} · zero ${share(sum.sparsityBefore)} → ${share(sum.sparsityAfter)} % · max |Δ| ${valueText(sum.maxAbsDelta)} · ‖Δ‖₂ ${valueText(sum.l2Delta)}`;
  if (options.format === 'markdown') {
    const head = COLUMNS.map((column) => column.head);
    return [
      `## ${before} → ${after}`,
      '',
      total,
      '',
      ...structureLines.map((line) => `- ${line}`),
      ...(structureLines.length > 0 ? [''] : []),
      `| ${head.join(' | ')} |`,
      `|${COLUMNS.map((column) => (column.align === 'right' ? '---:' : '---')).join('|')}|`,
      ...rows.map((row) => `| ${row.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`),
      '',
    ].join('\n');
  }
  const width = terminal.out.isTTY === true ? (terminal.out.columns ?? 80) : 0;
  const table = rows.length === 0 ? [] : tableLines(COLUMNS, rows, width);
  const hidden = values.length - shown.length;
  return `${[
    `${bold(before)} → ${bold(after)}`,
    '',
    ...(structureLines.length > 0 ? [...structureLines.map((line) => `  ${line}`), ''] : []),
    ...(table.length > 0 ? [dim(table[0]!), ...table.slice(1), ''] : []),
    `  ${total}`,
    ...(hidden > 0 ? [dim(`  ${exactCount(hidden)} identical tensors not shown (--all)`)] : []),
  ].join('\n')}\n`;
}

/** A share as percent; a dash where it is not known. */
const share = (sparsity: number | null): string => (sparsity === null ? '–' : percentFigure(sparsity, 1));

function trendText(
  paths: readonly string[],
  trend: Trend,
  options: DiffOptions,
  chosen: (name: string) => boolean,
  terminal: Terminal,
): string {
  const layers = trend.layers.filter(({ name }) => chosen(name));
  if (options.format === 'json') return `${JSON.stringify({ schemaVersion: 1, paths, layers }, null, 2)}\n`;
  const names = paths.map((path) => path.split(/[\\/]/).pop() ?? path);
  const rows = layers.map((layer) => [layer.name, ...layer.sparsity.map(share)]);
  const columns: Column[] = [
    { head: 'zero % of layer', align: 'left', shrinks: true },
    ...names.map((head) => ({ head, align: 'right' as const })),
  ];
  if (options.format === 'csv') return csv([columns.map((column) => column.head), ...rows]);
  if (options.format === 'markdown') {
    return [
      `| ${columns.map((column) => column.head).join(' | ')} |`,
      `|${columns.map(() => '---').join('|')}|`,
      ...rows.map((row) => `| ${row.join(' | ')} |`),
      '',
    ].join('\n');
  }
  return `${tableLines(columns, rows, terminal.out.isTTY === true ? (terminal.out.columns ?? 80) : 0).join('\n')}\n`;
}

const csv = (rows: readonly (readonly string[])[]): string =>
  rows
    .map((row) => row.map((cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(','))
    .join('\r\n')
    .concat('\r\n');
