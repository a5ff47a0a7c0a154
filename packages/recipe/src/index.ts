export { type Completions, completeRecipe, type RecipeCompletion } from './complete.js';
export { type RecipeHover, recipeHover } from './hover.js';
export { type ParsedRecipe, parseRecipe } from './parse.js';
export type { Problem } from './problem.js';
export type { Budget, Exclusions, Recipe, RecipeInput, RecipeOutput, RecipeStep } from './recipe.js';
export { methodOf, methodsOf, type Schema, schema, TOP_KEYS, VERBS } from './schema.js';
export type { SweepAxis, SweepValue } from './sweep.js';
export { type SweepPoint, sweepFolder, sweepPoints } from './sweepPoints.js';
