import { globMatcher, nearest, parseOptions } from '@espalier/base';
import { type Document, isMap, isSeq } from 'yaml';
import { type Place, placeAt } from '../place.js';
import type { Fix, Problem } from '../problem.js';
import { yamlDocument, yamlProblems } from '../yamlDocument.js';
import { BUDGET, type Budget, bytesOf } from './budget.js';
import { isFailOn, SEVERITIES } from './failOn.js';
import { FINDING_CODES } from './findingCodes.js';

export interface ParsedBudget {
  /** One, or those of a list; null where a problem of severity `error` stands in the way. */
  readonly budgets: readonly Budget[] | null;
  readonly problems: readonly Problem[];
  readonly document: Document;
  readonly text: string;
}

/** A budget of a file, and where its limits stand. */
export const budgetPath = (document: Document, at: number): readonly (string | number)[] =>
  isSeq(document.contents) ? [at] : [];

/** Text to budgets: one, or a list of several, of which the first that names a checkpoint holds for it. Total, as `parseRecipe` is. */
export function parseBudget(text: string): ParsedBudget {
  const document = yamlDocument(text);
  const problems: Problem[] = yamlProblems(document, text, 'budget/yaml');
  const end = (budgets: readonly Budget[] | null): ParsedBudget => ({
    budgets: problems.some(({ severity }) => severity === 'error') ? null : budgets,
    problems: problems.sort((a, b) => a.from - b.from),
    document,
    text,
  });
  if (problems.length > 0) return end(null);
  const root = document.contents;
  const items: unknown[] = isSeq(root) ? root.items : [root];
  if (items.length === 0 || !items.every(isMap)) {
    const place = placeAt({ document, text }, []);
    const message = `A budget names its limits: ${Object.keys(BUDGET).join(', ')}.`;
    problems.push({ code: 'budget/empty', severity: 'error', message, ...place });
    return end(null);
  }
  return end(
    items.map((item, at) =>
      budgetOf(item.toJS(document) as unknown, budgetPath(document, at), { document, text }, problems),
    ),
  );
}

type Path = readonly (string | number)[];

/** The budget that a map gives, with its problems added. `path` leads to the map. */
export function budgetOf(
  given: unknown,
  path: Path,
  parsed: { readonly document: Document; readonly text: string },
  problems: Problem[],
  table: typeof BUDGET = BUDGET,
): Budget {
  const { size, ...rest } = { ...(given as Record<string, unknown>) };
  // A number alone is one of bytes.
  const readable =
    size === undefined ? rest : { ...rest, size: typeof size === 'number' && size >= 0 ? `${size} B` : size };
  const { options, problems: wrong } = parseOptions({ parameters: table }, readable);
  for (const { code, path: below, message, suggestion } of wrong) {
    const isKey = code === 'option/unknown' || code === 'option/missing';
    const text = suggestion === undefined ? undefined : String(suggestion);
    problems.push({
      code,
      severity: 'error',
      message: code === 'option/unknown' ? message.replace('There is no option', 'A budget has no') : message,
      ...placeAt(parsed, [...path, ...below], isKey ? 'key' : 'value'),
      ...(text === undefined ? {} : { fix: { title: `Change to ${text}`, text } }),
    });
  }
  const budget: Budget = {
    checkpoints: (options['checkpoints'] ?? []) as readonly string[],
    sizeBytes: bytesOf(String(options['size'] ?? '')),
    sparsity: (options['sparsity'] ?? []) as Budget['sparsity'],
    pattern: (options['pattern'] ?? []) as Budget['pattern'],
    latency: (options['latency'] ?? []) as Budget['latency'],
    accuracy: (options['accuracy'] ?? null) as number | null,
    forbid: (options['forbid'] ?? []) as readonly string[],
  };
  for (const [i, name] of budget.forbid.entries()) {
    if (isFailOn(name)) continue;
    const place: Place = placeAt(parsed, [
      ...path,
      'forbid',
      ...(Array.isArray(readable['forbid' as never]) ? [i] : []),
    ]);
    const known = [...SEVERITIES, ...FINDING_CODES, ...FINDING_CODES.map((code) => code.slice(code.indexOf('/') + 1))];
    const meant = nearest(name, known);
    const fix: Fix | undefined = meant === undefined ? undefined : { title: `Change to ${meant}`, text: meant };
    const message = `No finding is called ${name}.${meant === undefined ? '' : ` Did you mean ${meant}?`}`;
    problems.push({
      code: 'budget/unknown-finding',
      severity: 'error',
      message,
      ...place,
      ...(fix === undefined ? {} : { fix }),
    });
  }
  const binds = Object.entries(budget).some(
    ([key, value]) => key !== 'checkpoints' && (Array.isArray(value) ? value.length > 0 : value !== null),
  );
  if (!binds && wrong.length === 0)
    problems.push({
      code: 'budget/empty',
      severity: 'warning',
      message: 'The budget limits nothing.',
      ...placeAt(parsed, path),
    });
  return budget;
}

/** The first budget that holds for a checkpoint; `relative` is its path seen from the budget's folder, with forward slashes. */
export function budgetFor(budgets: readonly Budget[], relative: string): number | null {
  const at = budgets.findIndex(
    ({ checkpoints }) => checkpoints.length === 0 || checkpoints.some((glob) => pathMatcher(glob)(relative)),
  );
  return at < 0 ? null : at;
}

/** As globs over names, but a dot does not divide a path. */
function pathMatcher(glob: string): (path: string) => boolean {
  // The dots of file names are hidden from the matcher, which takes them for borders of a name's parts.
  const hide = (text: string): string => text.replace(/^\.\//, '').replaceAll('.', '\u0001');
  const matches = globMatcher(hide(glob));
  return (path) => matches(hide(path));
}
