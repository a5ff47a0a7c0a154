import { dirname, resolve } from 'node:path';
import { type ParsedRecipe, parseRecipe } from '@espalier/recipe';
import { pathOfUri } from '../lsp/uri.js';

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

/** The checkpoint that a recipe starts from, also where other parts of the text are wrong: paths start from the recipe's folder. */
export function recipeInput(uri: string, text: string): string | null {
  const path = pathOfUri(uri);
  const { document } = recipeOf(text);
  const input: unknown = document.errors.length > 0 ? undefined : document.get('input');
  return path === null || typeof input !== 'string' || input === '' ? null : resolve(dirname(path), input);
}
