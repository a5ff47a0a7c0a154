import { dirname, resolve } from 'node:path';
import {
  budgetFor,
  budgetGlobs,
  type LayerGlob,
  layerGlobs,
  type ParsedBudget,
  type ParsedRecipe,
  parseBudget,
  parseRecipe,
} from '@espalier/recipe';
import { relativeTo } from '@espalier/service';
import { pathOfUri } from '../lsp/uri.js';
import type { FeatureContext } from './feature.js';

/** Recipes are told by their name alone: other YAML is none of our business. */
export const isRecipe = (uri: string): boolean => /\.espalier\.ya?ml$/i.test(new URL(uri, 'file:').pathname);

/** The budget of a workspace or of a folder in it. */
export const isBudget = (uri: string): boolean =>
  /(?:^|\/)espalier\.budget\.ya?ml$/i.test(new URL(uri, 'file:').pathname);

/** Recipes and budgets. */
export const isOurs = (uri: string): boolean => isRecipe(uri) || isBudget(uri);

let last: { readonly text: string; readonly parsed: ParsedRecipe } | null = null;

/** The recipe in a text; several features ask about the same one. */
export function recipeOf(text: string): ParsedRecipe {
  if (last?.text !== text) last = { text, parsed: parseRecipe(text) };
  return last.parsed;
}

let lastBudget: ParsedBudget | null = null;

/** The budget in a text. */
export function budgetOf(text: string): ParsedBudget {
  if (lastBudget?.text !== text) lastBudget = parseBudget(text);
  return lastBudget;
}

/** One of our texts as a tree. */
export const ourTree = (uri: string, text: string): Pick<ParsedRecipe, 'document' | 'text'> =>
  isBudget(uri) ? budgetOf(text) : recipeOf(text);

/** Globs over names of layers in one of our texts. */
export const globsOf = (uri: string, text: string): LayerGlob[] =>
  isBudget(uri) ? budgetGlobs(budgetOf(text).document) : layerGlobs(recipeOf(text).document);

/** The checkpoint whose layers the globs of a text mean: the input of a recipe, the first of those that a budget names. */
export async function checkpointOf(
  context: FeatureContext,
  uri: string,
  text: string,
  signal: AbortSignal,
): Promise<string | null> {
  if (isRecipe(uri)) return recipeInput(uri, text);
  const path = pathOfUri(uri);
  if (path === null) return null;
  // While the text is being typed every checkpoint below counts.
  const budgets = budgetOf(text).budgets ?? [];
  const folder = dirname(path);
  const isNamed = (relative: string): boolean => budgets.length === 0 || budgetFor(budgets, relative) !== null;
  const below = (await context.service.checkpointPaths(signal)).map((found) => ({
    found,
    from: relativeTo(folder, found),
  }));
  return below.find(({ found, from }) => from !== found && isNamed(from))?.found ?? null;
}

/** The checkpoint that a recipe starts from, also where other parts of the text are wrong: paths start from the recipe's folder. */
export function recipeInput(uri: string, text: string): string | null {
  const path = pathOfUri(uri);
  const { document } = recipeOf(text);
  const input: unknown = document.errors.length > 0 ? undefined : document.get('input');
  return path === null || typeof input !== 'string' || input === '' ? null : resolve(dirname(path), input);
}
