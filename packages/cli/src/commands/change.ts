import { readFile } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import {
  bytesText,
  describeFault,
  exactCount,
  type Fault,
  percentFigure,
  printable,
  throttleProgress,
} from '@espalier/base';
import { changePorts, timeInProcess } from '@espalier/host';
import type { ChangeReport } from '@espalier/protocol';
import { type Problem, parseRecipe } from '@espalier/recipe';
import { isSweep, quantizationCells, type RunFailure, type RunResult, runRecipe } from '@espalier/service';
import { JOB_ENTRY, TRUSTED } from '../session.js';
import { type Column, tableLines } from '../table.js';
import { coloursOf, print, progressLine, type Terminal } from '../terminal.js';
import { VERSION } from '../version.js';
import { sweep } from './sweep.js';

export interface ChangeOptions {
  readonly format: 'table' | 'json';
  readonly overwrite: boolean;
  readonly dryRun: boolean;
  /** Also write the report beside the output. */
  readonly report: boolean;
}

/** A recipe's text, and what its problems are said to be in. */
export interface RecipeText {
  readonly text: string;
  readonly folder: string;
  /** Null: it was made from the command line. */
  readonly file: string | null;
}

export async function readRecipe(path: string): Promise<RecipeText | Fault> {
  try {
    return { text: await readFile(path, 'utf8'), folder: dirname(resolve(path)), file: basename(path) };
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    return code === 'ENOENT'
      ? { code: 'path/not-found', message: 'The file does not exist.', file: path }
      : { code: 'file/unreadable', message: `The file cannot be read: ${code}.`, file: path };
  }
}

/** What a result has to keep to. */
export interface Limits {
  readonly minSqnr?: number;
  readonly maxSize?: number;
}

/** Runs a recipe. Exit codes: 0 fine, 1 a limit does not hold, 2 it could not be done. */
export async function change(
  recipe: RecipeText,
  options: ChangeOptions,
  terminal: Terminal,
  limits: Limits = {},
): Promise<0 | 1 | 2> {
  if (isSweep(recipe.text)) return await sweep(recipe, options, terminal);
  const { line, progress } = shownProgress(terminal);
  const ports = { ...changePorts(TRUSTED, VERSION), timeModels: timeInProcess(JOB_ENTRY, TRUSTED) };
  const { overwrite, dryRun } = options;
  const answer = await runRecipe(
    { recipe: recipe.text, folder: recipe.folder, overwrite, dryRun, detail: options.report ? 'full' : 'counts' },
    ports,
    { signal: terminal.signal, progress },
  ).finally(() => line.clear());
  if (!answer.ok) return await sayFailure(answer.fault, recipe, options.format, terminal);
  const text =
    options.format === 'json'
      ? `${JSON.stringify(reportOf(answer.value), null, 2)}\n`
      : `${tableOf(answer.value, terminal).join('\n')}\n`;
  await print(terminal.out, text);
  const broken = brokenLimits(answer.value, limits);
  for (const message of broken) await print(terminal.err, `espalier: ${printable(message)}\n`);
  return broken.length === 0 ? 0 : 1;
}

function brokenLimits({ layers, bytes }: RunResult, { minSqnr, maxSize }: Limits): string[] {
  const low = layers.flatMap(({ name, quantization }) => {
    const db = quantization?.sqnrDb;
    return minSqnr !== undefined && typeof db === 'number' && db < minSqnr
      ? [`${name} keeps ${db.toFixed(1)} dB, less than ${minSqnr}.`]
      : [];
  });
  return maxSize !== undefined && bytes.after > maxSize
    ? [...low, `The tensors take ${bytes.after} bytes, more than ${maxSize}.`]
    : low;
}

/** Progress as a line of the terminal. */
export function shownProgress(terminal: Terminal) {
  const line = progressLine(terminal);
  const progress = throttleProgress(
    ({ done, total, label }) => line.show(`${label ?? ''} ${total > 0 ? `${Math.floor((100 * done) / total)} %` : ''}`),
    100,
    () => performance.now(),
  );
  return { line, progress };
}

/** What `--format json` prints. */
export function reportOf({ recipe, layers, notes, bytes, output, report }: RunResult) {
  const [step] = recipe.steps;
  const { zerosBefore, zerosAfter, elements, elementsBefore } = totalOf(layers);
  return {
    schemaVersion: 1,
    method: step?.method ?? null,
    options: step?.options ?? {},
    steps: recipe.steps.map(({ id, verb, method, options }) => ({ id, verb, method, options })),
    seed: recipe.seed,
    layers,
    totals: {
      elements,
      ...(elements === elementsBefore ? {} : { elementsBefore }),
      zerosBefore,
      zerosAfter,
      sparsity: elements === 0 ? null : zerosAfter / elements,
    },
    bytes,
    notes,
    output,
    report: report?.path ?? null,
    speedup: report === null ? [] : speedUps(report.content),
  };
}

/** Every layer that was timed, in the quickest way that gives the same result. */
const speedUps = ({ plan }: ChangeReport) =>
  plan.layers.flatMap(({ name, latency }) => {
    const exact = latency?.ways.filter(({ way }) => way !== 'int8') ?? [];
    const [dense] = exact;
    if (dense === undefined) return [];
    const best = exact.reduce((quickest, way) => (way.ms.value < quickest.ms.value ? way : quickest));
    const [denseMs, ms] = [dense.ms.value, best.ms.value];
    return [{ name, way: best.way, denseMs, ms, ratio: denseMs / ms }];
  });

const totalOf = (layers: RunResult['layers']) => ({
  elements: layers.reduce((sum, layer) => sum + layer.elements, 0),
  elementsBefore: layers.reduce((sum, layer) => sum + (layer.elementsBefore ?? layer.elements), 0),
  zerosBefore: layers.reduce((sum, layer) => sum + layer.zerosBefore, 0),
  zerosAfter: layers.reduce((sum, layer) => sum + layer.zerosAfter, 0),
});

const COLUMNS: readonly Column[] = [
  { head: 'layer', align: 'left', shrinks: true },
  { head: 'weights', align: 'right' },
  { head: 'zero % before', align: 'right' },
  { head: 'after', align: 'right' },
];

/** The texts of `quantizationCells`. */
export const LOSSES: readonly Column[] = [
  { head: 'scheme', align: 'left' },
  { head: 'scale for', align: 'left' },
  { head: 'bits a weight', align: 'right' },
  { head: 'SQNR dB', align: 'right' },
  { head: 'cosine', align: 'right' },
  { head: 'SQNR by range', align: 'left', shrinks: true },
];

const QUANTIZED: readonly Column[] = [
  { head: 'layer', align: 'left', shrinks: true },
  { head: 'weights', align: 'right' },
  ...LOSSES,
];

/** Layers that are stored with few bits: what that loses. */
const quantizedRows = ({ layers }: RunResult): string[][] =>
  layers.flatMap(({ name, elements, quantization }) =>
    quantization === undefined ? [] : [[printable(name), exactCount(elements), ...quantizationCells(quantization)]],
  );

function tableOf(result: RunResult, terminal: Terminal): string[] {
  const { bold, dim, yellow } = coloursOf(terminal);
  const { elements, elementsBefore, zerosBefore, zerosAfter } = totalOf(result.layers);
  const quantized = quantizedRows(result);
  // Rounding makes zeros as well, but nobody asked for them.
  const onlyQuantized = result.recipe.steps.every(({ verb }) => verb === 'quantize');
  const pruned = result.layers.filter(
    ({ quantization, zerosAfter, zerosBefore: before }) =>
      quantization === undefined || (!onlyQuantized && zerosAfter !== before),
  );
  const rows = pruned.map((layer) => [
    printable(layer.name),
    exactCount(layer.elements),
    percentFigure(layer.zerosBefore, layer.elementsBefore ?? layer.elements),
    percentFigure(layer.zerosAfter, layer.elements),
  ]);
  const width = terminal.out.isTTY === true ? (terminal.out.columns ?? 80) : 0;
  const tables = [
    ...(rows.length === 0 ? [] : [tableLines(COLUMNS, rows, width)]),
    ...(quantized.length === 0 ? [] : [tableLines(QUANTIZED, quantized, width)]),
  ];
  const share = (zeros: number, of: number): string => (of === 0 ? '–' : percentFigure(zeros, of));
  const were = elementsBefore === elements ? '' : ` of ${exactCount(elementsBefore)}`;
  return [
    ...tables.flatMap(([head, ...lines]) => [dim(head!), ...lines, '']),
    ...result.notes.map((note) => `  ${yellow(note.severity)}  ${printable(note.message)}  ${dim(note.code)}`),
    ...(result.notes.length > 0 ? [''] : []),
    `  ${bold(`${share(zerosAfter, elements)} %`)} of ${exactCount(elements)} weights are zero, ${share(zerosBefore, elementsBefore)} %${were} were`,
    ...(quantized.length === 0
      ? []
      : [
          `  ${bytesText(result.bytes.before)} → ${bold(bytesText(result.bytes.after))} for the tensors: ${(result.bytes.before / Math.max(1, result.bytes.after)).toFixed(1)}x smaller`,
        ]),
    result.output === null ? '  dry run: nothing was written' : `  written: ${printable(result.output)}`,
    ...(result.report === null ? [] : [`  report:  ${printable(result.report.path)}`]),
    ...(result.report === null ? [dim('  Time was not measured: with --report it is, layer by layer.')] : []),
  ];
}

/** Exactly one result goes to stdout with `--format json`, also of what failed. */
export async function sayFailure(
  failure: RunFailure,
  recipe: RecipeText,
  format: 'table' | 'json',
  terminal: Terminal,
): Promise<2> {
  if (failure.kind === 'fault') {
    if (format === 'json')
      await print(terminal.out, `${JSON.stringify({ schemaVersion: 1, error: failure.fault }, null, 2)}\n`);
    await print(terminal.err, `espalier: ${printable(describeFault(failure.fault))}\n`);
    return 2;
  }
  const problems = failure.problems.map((problem) => ({ ...problem, ...positionOf(recipe.text, problem.from) }));
  if (format === 'json') await print(terminal.out, `${JSON.stringify({ schemaVersion: 1, problems }, null, 2)}\n`);
  for (const { line, column, severity, message, code } of problems) {
    const place = recipe.file === null ? 'espalier' : `${recipe.file}:${line}:${column}`;
    await print(terminal.err, `${printable(place)}: ${severity}: ${printable(message)} [${code}]\n`);
  }
  return 2;
}

/** Line and column of an offset, from 1. */
export function positionOf(text: string, offset: number): { readonly line: number; readonly column: number } {
  const before = text.slice(0, offset).split('\n');
  return { line: before.length, column: before.at(-1)!.length + 1 };
}

/** The problems of a text without running it. */
export const problemsOf = (text: string): readonly Problem[] => parseRecipe(text).problems;
