import type { MethodDescription, Parameter } from '@espalier/base';
import { budgetParameter } from './budget/budget.js';
import { type Located, locate } from './locate.js';
import { methodIn } from './methodIn.js';
import type { ParsedRecipe } from './parse.js';
import { plain } from './plain.js';
import {
  EXCLUSIONS,
  methodOf,
  methodsOf,
  OUTPUT,
  type Schema,
  schema as standardSchema,
  TOP_KEYS,
  VERBS,
} from './schema.js';
import { sweepKeys, sweepParameter } from './sweepWords.js';

export interface RecipeHover {
  readonly markdown: string;
  readonly from: number;
  readonly to: number;
}

/** What a key or a value of a recipe means; null where there is nothing to say. */
export function recipeHover(
  { document }: Pick<ParsedRecipe, 'document'>,
  offset: number,
  schema: Schema = standardSchema,
): RecipeHover | null {
  const found = locate(document, offset);
  if (found === null) return null;
  const markdown = meaningOf(found, plain(document), schema);
  return markdown === null ? null : { markdown, from: found.from, to: found.to };
}

function meaningOf({ kind, path, text }: Located, recipe: unknown, schema: Schema): string | null {
  const [top, index, verb, option] = path;
  if (path.length === 1 && kind === 'key')
    return TOP_KEYS[text] === undefined ? null : `**${text}** · ${TOP_KEYS[text]}`;
  if (top === 'exclude' || (top === 'steps' && verb === 'exclude')) {
    const name = top === 'exclude' ? index : option;
    const parameter = typeof name === 'string' ? EXCLUSIONS[name] : undefined;
    if (parameter === undefined) return TOP_KEYS['exclude'] ?? null;
    return parameterText(String(name), parameter, kind === 'value' ? text : null);
  }
  if (top === 'budget') {
    const name = path.filter((part) => typeof part === 'string').at(-1);
    const parameter = budgetParameter(path.slice(1));
    return parameter === null ? null : parameterText(String(name), parameter, kind === 'value' ? text : null);
  }
  if (top === 'output') {
    const parameter = typeof index === 'string' ? OUTPUT[index] : undefined;
    if (parameter === undefined) return TOP_KEYS['output'] ?? null;
    return parameterText(String(index), parameter, kind === 'value' ? text : null);
  }
  if (top === 'sweep') {
    const parameter = sweepParameter(String(index), recipe, schema);
    if (parameter !== undefined) return parameterText(String(index), parameter, kind === 'value' ? text : null);
    const doc = sweepKeys(recipe, schema).get(String(index));
    return doc === undefined ? null : `**${index}** · ${doc}`;
  }
  if (top !== 'steps' || typeof verb !== 'string' || !VERBS.some((known) => known === verb)) return null;
  if (path.length === 3 && kind === 'key')
    return [
      `**${verb}** takes one of these methods:`,
      '',
      ...methodsOf(schema, verb).map(({ name, summary }) => `- \`${name}\`: ${summary}`),
    ].join('\n');
  if ((path.length === 3 && kind === 'value') || option === 'method') {
    const method = methodOf(
      schema,
      verb,
      path.length === 3 || kind === 'value' ? text : (methodIn(recipe, index, verb) ?? ''),
    );
    return method === undefined ? null : methodText(method);
  }
  const method = methodOf(schema, verb, methodIn(recipe, index, verb) ?? '');
  const parameter = typeof option === 'string' ? method?.parameters[option] : undefined;
  return parameter === undefined ? null : parameterText(String(option), parameter, kind === 'value' ? text : null);
}

const methodText = ({ name, summary, source, parameters }: MethodDescription): string =>
  [
    `**${name}** · ${summary}`,
    '',
    ...Object.entries(parameters).map(([key, parameter]) => `- \`${key}\`: ${parameter.doc}`),
    '',
    `*${source}*`,
  ].join('\n');

/** `**sparsity** · Fraction of weights set to zero. 0 to less than 1, default 0.5.` */
export function parameterText(name: string, parameter: Parameter, value: string | null): string {
  const choice = parameter.kind === 'oneOf' ? parameter.values.find((known) => known.value === value) : undefined;
  if (choice !== undefined) return `**${choice.value}** · ${choice.doc}`;
  const range = rangeText(parameter);
  const initial =
    'default' in parameter && parameter.default !== undefined ? `default ${JSON.stringify(parameter.default)}` : '';
  const rest = [range, initial].filter(Boolean).join(', ');
  const choices =
    parameter.kind === 'oneOf'
      ? `\n\n${parameter.values.map((known) => `- \`${known.value}\`: ${known.doc}`).join('\n')}`
      : '';
  return `**${name}** · ${parameter.doc}${rest === '' ? '' : ` ${rest[0]!.toUpperCase()}${rest.slice(1)}.`}${choices}`;
}

export function rangeText(parameter: Parameter): string {
  switch (parameter.kind) {
    case 'ratio': {
      const low = parameter.open === 'low' || parameter.open === 'both' ? 'more than 0' : '0';
      const high = parameter.open === 'high' || parameter.open === 'both' ? 'less than 1' : '1';
      return `${low} to ${high}`;
    }
    case 'number':
    case 'integer': {
      const { minimum, maximum } = parameter;
      if (minimum !== undefined && maximum !== undefined) return `${minimum} to ${maximum}`;
      return minimum === undefined ? '' : `at least ${minimum}`;
    }
    default:
      return '';
  }
}
