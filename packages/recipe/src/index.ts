export {
  BUDGET,
  type Budget,
  bytesOf,
  type LatencyLimit,
  type PatternLimit,
  type SparsityLimit,
} from './budget/budget.js';
export { budgetGlobs, budgetHover, completeBudget } from './budget/budgetLanguage.js';
export { failOnMatcher, isFailOn } from './budget/failOn.js';
export { budgetFor, budgetPath, type ParsedBudget, parseBudget } from './budget/parseBudget.js';
export { type Completions, completeRecipe } from './complete.js';
export type { RecipeCompletion } from './completionItems.js';
export { filesOfSteps } from './filesOfSteps.js';
export { type Fold, yamlFolds } from './folds.js';
export { formatYaml } from './format.js';
export { type RecipeHover, recipeHover } from './hover.js';
export { budgetJsonSchema, type JsonSchema, recipeJsonSchema, tableSchema } from './jsonSchema.js';
export { type LayerGlob, layerGlobs } from './layerGlobs.js';
export { type ParsedRecipe, parseRecipe } from './parse.js';
export { type Place, placeAt } from './place.js';
export type { Fix, Problem } from './problem.js';
export { type ReadYaml, readYaml } from './readYaml.js';
export type { Exclusions, Recipe, RecipeInput, RecipeOutput, RecipeStep } from './recipe.js';
export { renameStep, type StepName, stepNameAt, type TextEdit } from './renameStep.js';
export { methodOf, methodsOf, type Schema, schema, TOP_KEYS, VERBS } from './schema.js';
export { stepAt } from './stepAt.js';
export type { SweepAxis, SweepValue } from './sweep.js';
export { type SweepPoint, sweepFolder, sweepPoints } from './sweepPoints.js';
export { type YamlSymbol, yamlSymbols } from './symbols.js';
export { type Translation, type TranslationNote, translateRecipe } from './translate/translateRecipe.js';
