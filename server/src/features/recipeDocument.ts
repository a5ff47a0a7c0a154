import { type ParsedRecipe, parseRecipe } from '@espalier/recipe';

/** Recipes are told by their name alone: other YAML is none of our business. */
export const isRecipe = (uri: string): boolean => /\.espalier\.ya?ml$/i.test(new URL(uri, 'file:').pathname);

let last: { readonly text: string; readonly parsed: ParsedRecipe } | null = null;

/** The recipe in a text; several features ask about the same one. */
export function recipeOf(text: string): ParsedRecipe {
  if (last?.text !== text) last = { text, parsed: parseRecipe(text) };
  return last.parsed;
}
