import { type Budget, budgetFor, type ParsedBudget, parseBudget } from '@espalier/recipe';
import type { Files } from '../ports.js';
import { readText } from '../readText.js';
import { baseName, joinPath, parentOf, relativeTo } from '../resolve/paths.js';
import type { Measured } from './checkBudget.js';
import { devicesOf } from './devicesOf.js';

export const BUDGET_NAMES = ['espalier.budget.yaml', 'espalier.budget.yml'] as const;
/** A budget, and where it stands. */
export interface FoundBudget {
  readonly file: string;
  readonly parsed: ParsedBudget;
  readonly budget: Budget;
  /** Its place in a file of several. */
  readonly at: number;
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

/** What is known of a checkpoint besides its facts: accuracy by the report beside it, and the devices that its budget names, whose files lie beside the budget. */
export async function measuredBeside(
  files: Files,
  checkpoint: string,
  found: Pick<FoundBudget, 'file' | 'budget'>,
  signal?: AbortSignal,
): Promise<Measured> {
  const devices = await devicesOf(found.budget, parentOf(found.file), files, signal);
  return { ...(await accuracyBeside(files, checkpoint, signal)), devices };
}

async function accuracyBeside(
  files: Files,
  checkpoint: string,
  signal: AbortSignal | undefined,
): Promise<Pick<Measured, 'accuracy' | 'accuracyMissing'>> {
  const missing = (accuracyMissing: string) => ({ accuracy: null, accuracyMissing });
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
