import type { ValueDiff } from '@espalier/analysis';
import { exactCount, type Fault, globMatcher, printable } from '@espalier/base';
import {
  type CompareEnd,
  DIFF_COLUMNS,
  diffCsv,
  diffMarkdown,
  diffRow,
  diffTotal,
  shareFigure,
  structureLines,
  type Trend,
  toDiffReport,
  trendCsv,
  trendMarkdown,
} from '@espalier/service';
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

const COLUMNS: readonly Column[] = DIFF_COLUMNS.map((column) =>
  column.head === 'layer' ? { ...column, shrinks: true } : column,
);

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
  if (options.format === 'csv') return diffCsv(shown);
  if (options.format === 'markdown') return diffMarkdown(before, after, end, shown);
  const paint = { added: green, removed: red, renamed: yellow, reshaped: yellow, retyped: yellow };
  const structure = structureLines(end.structure).map(({ kind, mark, text }) => `${paint[kind](mark)} ${text}`);
  const width = terminal.out.isTTY === true ? (terminal.out.columns ?? 80) : 0;
  const table = shown.length === 0 ? [] : tableLines(COLUMNS, shown.map(diffRow), width);
  const hidden = values.length - shown.length;
  return `${[
    `${bold(printable(before))} → ${bold(printable(after))}`,
    '',
    ...(structure.length > 0 ? [...structure.map((line) => `  ${line}`), ''] : []),
    ...(table.length > 0 ? [dim(table[0]!), ...table.slice(1), ''] : []),
    `  ${diffTotal(end)}`,
    ...(hidden > 0 ? [dim(`  ${exactCount(hidden)} identical tensors not shown (--all)`)] : []),
  ].join('\n')}\n`;
}

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
  if (options.format === 'csv') return trendCsv(names, layers);
  if (options.format === 'markdown') return trendMarkdown(names, layers);
  const rows = layers.map((layer) => [layer.name, ...layer.sparsity.map(shareFigure)]);
  const columns: Column[] = [
    { head: 'zero % of layer', align: 'left', shrinks: true },
    ...names.map((head) => ({ head, align: 'right' as const })),
  ];
  return `${tableLines(columns, rows, terminal.out.isTTY === true ? (terminal.out.columns ?? 80) : 0).join('\n')}\n`;
}
