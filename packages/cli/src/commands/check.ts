import { relative, resolve, sep } from 'node:path';
import { describeFault, type Fault, printable } from '@espalier/base';
import { nodeFiles } from '@espalier/host';
import { budgetFor, budgetPath, type ParsedBudget, parseBudget, placeAt } from '@espalier/recipe';
import {
  BUDGET_NAMES,
  type CheckedFile,
  checkBudget,
  checkGithub,
  checkMarkdown,
  checkSarif,
  findBudget,
  findDoor,
  measuredBeside,
  parentOf,
  readText,
  relativeTo,
} from '@espalier/service';
import { expandFolders } from '../expandFolders.js';
import { faultLine } from '../inspectTable.js';
import { openSession } from '../session.js';
import { coloursOf, print, progressLine, type Terminal } from '../terminal.js';
import { VERSION } from '../version.js';
import { positionOf } from './change.js';

export interface CheckOptions {
  readonly format: 'text' | 'json' | 'sarif' | 'github' | 'markdown';
  /** Taken in place of those that lie beside and above the checkpoints. */
  readonly budget?: string;
  /** What is not known counts as broken. */
  readonly strict: boolean;
}

/** Checks checkpoints against their budgets. Exit codes: 0 every limit is kept, 1 one is broken, 2 something could not be checked. */
export async function check(paths: readonly string[], options: CheckOptions, terminal: Terminal): Promise<0 | 1 | 2> {
  const files = nodeFiles(() => ({ workspaceRoots: [], trusted: true }));
  const session = openSession(terminal, { nearZeroRatio: 1e-8, cache: true });
  const line = progressLine(terminal);
  try {
    const given = options.budget === undefined ? undefined : resolve(options.budget);
    const asked = await checkpointsOf(paths, given, files);
    if (!Array.isArray(asked)) return await sayBudget(asked, terminal);
    if (asked.length === 0) {
      await print(terminal.err, 'espalier: there is no checkpoint to check.\n');
      return 2;
    }
    const checked: CheckedFile[] = [];
    for (const { path, budgetFile } of asked) {
      terminal.signal.throwIfAborted();
      const use = budgetFile ?? given;
      const found = await findBudget(files, path, {
        signal: terminal.signal,
        ...(use === undefined ? {} : { given: use }),
      });
      if (found === null) {
        checked.push({ path: shown(path), budget: null, limits: [], fault: null });
        continue;
      }
      if (found.budget === null) return await sayBudget(found, terminal);
      const { budget, parsed, at } = found;
      line.show(shown(path));
      // Only the size is told without reading values; devices skip zeros in a pattern.
      const needsValues =
        budget.sparsity.length + budget.pattern.length + budget.latency.length + budget.forbid.length > 0;
      const head = await session.service.head(path, terminal.signal);
      const fault = await readAll();
      line.clear();
      const facts = fault === null ? await session.service.facts(path, terminal.signal) : null;
      const limits =
        facts === null
          ? []
          : checkBudget(
              budget,
              facts,
              await measuredBeside(files, path, { file: found.file, budget }, terminal.signal),
            ).map((limit) => {
              const place = placeAt(parsed, [...budgetPath(parsed.document, at), ...limit.limit]);
              return { ...limit, ...positionOf(parsed.text, place.from) };
            });
      checked.push({ path: shown(path), budget: shown(found.file), limits, fault });

      async function readAll(): Promise<Fault | null> {
        if (!head.ok) return head.fault;
        if (!needsValues) return null;
        const end = await session.service.scan({ path, full: true }, 'soon', terminal.signal, () => {});
        return end.ok ? (end.value.fault ?? null) : end.fault;
      }
    }
    await print(terminal.out, textOf(checked, options, terminal));
    if (options.format !== 'text')
      for (const { path, fault } of checked)
        if (fault !== null)
          await print(
            terminal.err,
            `${faultLine(fault, path)}
`,
          );
    return exitCode(checked, options.strict);
  } finally {
    line.clear();
    await session.close();
  }
}

function exitCode(checked: readonly CheckedFile[], strict: boolean): 0 | 1 | 2 {
  if (checked.some(({ fault, budget }) => fault !== null || budget === null)) return 2;
  const fails = checked.some(({ limits }) =>
    limits.some(({ verdict }) => verdict === 'broken' || (strict && verdict === 'unknown')),
  );
  return fails ? 1 : 0;
}

interface Asked {
  readonly path: string;
  /** The budget through which it was found. */
  readonly budgetFile?: string;
}

type Broken =
  | { readonly file: string; readonly parsed: ParsedBudget }
  | { readonly fault: Fault; readonly file: string };

/** Checkpoints that were named, and those that a named budget, or that of this folder, names. */
async function checkpointsOf(
  paths: readonly string[],
  given: string | undefined,
  files: ReturnType<typeof nodeFiles>,
): Promise<Asked[] | Broken> {
  const asked: Asked[] = [];
  const own = given ?? (await firstThere(files));
  for (const path of paths.length > 0 ? paths : own === undefined ? ['.'] : [own]) {
    if (!BUDGET_NAMES.some((name) => path.endsWith(name)) && resolve(path) !== given) {
      for (const found of await expandFolders([path])) asked.push({ path: resolve(found) });
      continue;
    }
    const file = resolve(path);
    const text = await readText(files, file);
    if (!text.ok) return { fault: text.fault, file };
    const parsed = parseBudget(text.value);
    const { budgets } = parsed;
    if (budgets === null) return { file, parsed };
    const folder = parentOf(file);
    for (const found of await expandFolders([folder])) {
      // A folder that is a model is told by the file that stands for it; one without checkpoints has none.
      const checkpoint = await findDoor(files, resolve(found)).catch(() => null);
      if (checkpoint !== null && budgetFor(budgets, relativeTo(folder, checkpoint)) !== null)
        asked.push({ path: checkpoint, budgetFile: file });
    }
  }
  return asked;
}

async function firstThere(files: ReturnType<typeof nodeFiles>): Promise<string | undefined> {
  for (const name of BUDGET_NAMES) if ((await files.stat(resolve(name)))?.kind === 'file') return name;
  return undefined;
}

async function sayBudget(broken: Broken, terminal: Terminal): Promise<2> {
  const name = printable(shown(broken.file));
  if ('fault' in broken) await print(terminal.err, `espalier: ${name}: ${printable(describeFault(broken.fault))}\n`);
  else
    for (const { from, severity, message, code } of broken.parsed.problems) {
      const { line, column } = positionOf(broken.parsed.text, from);
      await print(terminal.err, `${name}:${line}:${column}: ${severity}: ${printable(message)} [${code}]\n`);
    }
  return 2;
}

/** As seen from here, with forward slashes; what lies elsewhere keeps its whole path. */
function shown(path: string): string {
  const from = relative(process.cwd(), path);
  return (from.startsWith('..') ? path : from).split(sep).join('/');
}

function textOf(checked: readonly CheckedFile[], options: CheckOptions, terminal: Terminal): string {
  switch (options.format) {
    case 'json': {
      const passed = exitCode(checked, options.strict) === 0;
      return `${JSON.stringify({ schemaVersion: 1, passed, files: checked }, null, 2)}\n`;
    }
    case 'sarif':
      return checkSarif(checked, VERSION);
    case 'github':
      return checkGithub(checked);
    case 'markdown':
      return checkMarkdown(checked);
    case 'text':
      return textLines(checked, terminal);
  }
}

function textLines(checked: readonly CheckedFile[], terminal: Terminal): string {
  const { bold, dim, red, green, yellow } = coloursOf(terminal);
  const marks = { kept: green('kept   '), broken: red('broken '), unknown: yellow('unknown') };
  const lines = checked.flatMap(({ path, budget, limits, fault }) => [
    `${bold(printable(path))}   ${budget === null ? yellow('no budget names it') : dim(printable(budget))}`,
    ...(fault === null ? [] : [`  ${red('error')}  ${printable(describeFault(fault))}  ${dim(fault.code)}`]),
    ...limits.map(
      ({ verdict, message, code, line, column }) =>
        `  ${marks[verdict]}  ${printable(message)}  ${dim(`${code} ${line}:${column}`)}`,
    ),
    '',
  ]);
  const count = (verdict: string): number =>
    checked.reduce((sum, { limits }) => sum + limits.filter((limit) => limit.verdict === verdict).length, 0);
  return `${lines.join('\n')}${count('kept')} kept · ${count('broken')} broken · ${count('unknown')} unknown\n`;
}
