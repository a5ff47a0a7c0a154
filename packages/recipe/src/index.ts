export type { Budget, Exclusions, Recipe, RecipeInput, RecipeOutput, RecipeStep } from './recipe.js';
