import { locate } from './locate.js';
import type { ParsedRecipe } from './parse.js';
import type { RecipeStep } from './recipe.js';

/** The step whose verb or method stands at an offset; null elsewhere, and where the recipe has problems. */
export function stepAt({ document, recipe }: ParsedRecipe, offset: number): RecipeStep | null {
  const found = recipe === null ? null : locate(document, offset);
  if (found === null) return null;
  const [top, at, , option] = found.path;
  const isName = (found.path.length === 3 && found.path[2] !== 'id') || option === 'method';
  return top === 'steps' && typeof at === 'number' && isName ? (recipe!.steps[at] ?? null) : null;
}
