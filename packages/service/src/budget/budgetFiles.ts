import type { Fault, Result } from '@espalier/base';
import { type Budget, budgetFor, type ParsedBudget, parseBudget } from '@espalier/recipe';
import type { Files } from '../ports.js';
import { baseName, joinPath, parentOf, relativeTo } from '../resolve/paths.js';
import type { Measured } from './checkBudget.js';

export const BUDGET_NAMES = ['espalier.budget.yaml', 'espalier.budget.yml'] as const;
/** A budget or a report that is larger is none. */
const MAX_BYTES = 64e6;

/** A budget, and where it stands. */
export interface FoundBudget {
  readonly file: string;
  readonly parsed: ParsedBudget;
  readonly budget: Budget;
  /** Its place in a file of several. */
  readonly at: number;
}

/** What is written in a file; null where it cannot be read. */
export async function readText(files: Files, path: string, signal?: AbortSignal): Promise<Result<string, Fault>> {
  const source = await files.open(path, signal);
  if (!source.ok) return source;
  try {
    const { sizeBytes } = source.value;
    if (sizeBytes > MAX_BYTES) {
      const message = `It has ${sizeBytes} bytes; at most ${MAX_BYTES} are read as text.`;
      return { ok: false, fault: { code: 'file/unreadable', message, file: baseName(path) } };
    }
    return { ok: true, value: new TextDecoder().decode(await source.value.read(0, sizeBytes, signal)) };
  } finally {
    await source.value.close();
  }
}

/**
 * The budget that holds for a checkpoint: of the nearest file, upwards from its folder to `top`, that names it. A file with problems ends the search: what it says is not known.
 * `given` is taken in place of files that are looked for.
 */
export async function findBudget(
  files: Files,
  checkpoint: string,
  options: { readonly top?: readonly string[]; readonly given?: string; readonly signal?: AbortSignal } = {},
): Promise<FoundBudget | { readonly file: string; readonly parsed: ParsedBudget; readonly budget: null } | null> {
  const { top, given, signal } = options;
  for (const file of given === undefined ? candidates(checkpoint, top) : [given]) {
    if (given === undefined && (await files.stat(file))?.kind !== 'file') continue;
    const text = await readText(files, file, signal);
    if (!text.ok) continue;
    const parsed = parseBudget(text.value);
    if (parsed.budgets === null) return { file, parsed, budget: null };
    const at = budgetFor(parsed.budgets, relativeTo(parentOf(file), checkpoint));
    if (at !== null) return { file, parsed, budget: parsed.budgets[at]!, at };
  }
  return null;
}

function candidates(checkpoint: string, top: readonly string[] | undefined): string[] {
  const found: string[] = [];
  let folder = parentOf(checkpoint);
  for (;;) {
    found.push(...BUDGET_NAMES.map((name) => joinPath(folder, name)));
    const above = parentOf(folder);
    if (above === folder || top?.includes(folder) === true) return found;
    folder = above;
  }
}

/** What the report beside a checkpoint says of its accuracy. */
export async function measuredBeside(files: Files, checkpoint: string, signal?: AbortSignal): Promise<Measured> {
  const missing = (accuracyMissing: string): Measured => ({ accuracy: null, accuracyMissing });
  const path = `${checkpoint}.report.json`;
  const name = baseName(path);
  if ((await files.stat(path))?.kind !== 'file')
    return missing(`Accuracy was not measured: there is no ${name} beside the checkpoint.`);
  const text = await readText(files, path, signal);
  if (!text.ok) return missing(`Accuracy is not known: ${name} cannot be read.`);
  try {
    const { accuracy, accuracyMissing } = JSON.parse(text.value) as {
      readonly accuracy?: { readonly after?: unknown } | null;
      readonly accuracyMissing?: unknown;
    };
    if (typeof accuracy?.after === 'number') return { ...missing(''), accuracy: accuracy.after };
    return missing(typeof accuracyMissing === 'string' ? accuracyMissing : `Accuracy was not measured, says ${name}.`);
  } catch {
    return missing(`Accuracy is not known: ${name} is not JSON.`);
  }
}
