import type { MethodDescription, Parameter } from '@espalier/base';
import { BUDGET, RECIPE_BUDGET } from './budget/budget.js';
import { EXCLUSIONS, methodsOf, OUTPUT, type Schema, schema as standardSchema, TOP_KEYS, VERBS } from './schema.js';

/** A JSON Schema, draft 7: what editors without our server take for YAML. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** The JSON Schema of recipes, made from the tables of the methods: it accepts what `parseRecipe` takes and says the same of every key. */
export function recipeJsonSchema(schema: Schema = standardSchema): JsonSchema {
  const doc = (key: string, rest: JsonSchema): JsonSchema => ({ description: TOP_KEYS[key], ...rest });
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Recipe of Espalier',
    description: 'What becomes of a checkpoint: *.espalier.yaml',
    type: 'object',
    required: ['input', 'steps'],
    additionalProperties: false,
    properties: {
      input: doc('input', TEXT),
      exclude: doc('exclude', { $ref: '#/definitions/exclude' }),
      steps: doc('steps', { type: 'array' }),
      output: doc('output', { anyOf: [TEXT, tableSchema(OUTPUT)] }),
      devices: doc('devices', ONE_OR_MORE),
      budget: doc('budget', budgetTable(RECIPE_BUDGET)),
      evaluate: doc('evaluate', TEXT),
      seed: doc('seed', { type: 'integer', minimum: 0, maximum: 2 ** 32 - 1 }),
      sweep: doc('sweep', {
        type: 'object',
        additionalProperties: {
          anyOf: [SWEPT, { type: 'array', items: SWEPT, minItems: 1, uniqueItems: true }],
        },
      }),
    },
    // A sweep over methods gives a step the options of each of them.
    if: { required: ['sweep'] },
    // biome-ignore lint/suspicious/noThenProperty: the keyword of JSON Schema.
    then: { properties: { steps: { items: stepSchema(schema, 'options of any method') } } },
    else: { properties: { steps: { items: stepSchema(schema, 'own options') } } },
    definitions: {
      exclude: { anyOf: [...ONE_OR_MORE.anyOf, tableSchema(EXCLUSIONS)] },
    },
  };
}

/** A size may be a number as well. */
function budgetTable(table: Readonly<Record<string, Parameter>>): JsonSchema {
  const { properties, ...rest } = tableSchema(table) as { readonly properties: Readonly<Record<string, JsonSchema>> };
  return {
    ...rest,
    properties: { ...properties, size: { anyOf: [{ type: 'integer', minimum: 0 }, properties['size']] } },
  };
}

/** The JSON Schema of budgets, made from their table: one, or a list of several. */
export function budgetJsonSchema(): JsonSchema {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Budget of Espalier',
    description: 'Limits that checkpoints keep: espalier.budget.yaml',
    anyOf: [{ $ref: '#/definitions/budget' }, { type: 'array', minItems: 1, items: { $ref: '#/definitions/budget' } }],
    definitions: { budget: budgetTable(BUDGET) },
  };
}

const TEXT = { type: 'string', minLength: 1 } as const;
const ONE_OR_MORE = { anyOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }] } as const;
const SWEPT = { type: ['string', 'number', 'boolean'] } as const;

/** One verb, and what a step may say besides. */
function stepSchema(schema: Schema, takes: 'own options' | 'options of any method'): JsonSchema {
  const verbs = VERBS.map((verb) => {
    const methods = methodsOf(schema, verb);
    const all: Readonly<Record<string, Parameter>> = Object.assign(
      {},
      ...methods.map(({ parameters }) => optional(parameters)),
    );
    const named = methods.map((method) =>
      methodSchema(
        takes === 'own options' ? method : { ...method, parameters: { ...all, ...optional(method.parameters) } },
      ),
    );
    const short = methods.filter(({ parameters }) => !Object.values(parameters).some(({ required }) => required));
    return {
      required: [verb],
      additionalProperties: false,
      properties: {
        id: { description: 'A name for the step.', ...TEXT },
        exclude: { description: 'What this step leaves alone.', $ref: '#/definitions/exclude' },
        [verb]: {
          description: `A ${verb} step: the name of its method, or the method with options.`,
          anyOf: [...short.map(({ name, summary }) => ({ const: name, description: summary })), ...named],
        },
      },
    };
  });
  return { type: 'object', oneOf: verbs };
}

/** In a sweep a step may lack what its own method needs: another point brings it. */
const optional = (parameters: Readonly<Record<string, Parameter>>): Record<string, Parameter> =>
  Object.fromEntries(Object.entries(parameters).map(([name, parameter]) => [name, { ...parameter, required: false }]));

const methodSchema = ({ name, summary, source, parameters }: MethodDescription): JsonSchema => {
  const table = tableSchema(parameters) as { readonly properties: object; readonly required?: readonly string[] };
  return {
    ...table,
    description: `${summary} ${source}`,
    required: ['method', ...(table.required ?? [])],
    properties: { method: { const: name, description: summary }, ...table.properties },
  };
};

/** An object with these parameters and no others. */
export function tableSchema(parameters: Readonly<Record<string, Parameter>>): JsonSchema {
  const required = Object.entries(parameters).flatMap(([name, parameter]) => (parameter.required ? [name] : []));
  return {
    type: 'object',
    additionalProperties: false,
    ...(required.length === 0 ? {} : { required }),
    properties: Object.fromEntries(
      Object.entries(parameters).map(([name, parameter]) => [name, parameterSchema(parameter)]),
    ),
  };
}

function parameterSchema(parameter: Parameter): JsonSchema {
  const initial = 'default' in parameter && parameter.default !== undefined ? { default: parameter.default } : {};
  const described = { description: parameter.doc, ...initial };
  switch (parameter.kind) {
    case 'ratio': {
      const { open } = parameter;
      const low = open === 'low' || open === 'both' ? { exclusiveMinimum: 0 } : { minimum: 0 };
      const high = open === 'high' || open === 'both' ? { exclusiveMaximum: 1 } : { maximum: 1 };
      return { type: 'number', ...described, ...low, ...high };
    }
    case 'number':
    case 'integer': {
      const { minimum, maximum } = parameter;
      const limits = { ...(minimum === undefined ? {} : { minimum }), ...(maximum === undefined ? {} : { maximum }) };
      return { type: parameter.kind, ...described, ...limits };
    }
    case 'oneOf':
      return { ...described, oneOf: parameter.values.map(({ value, doc }) => ({ const: value, description: doc })) };
    case 'flag':
      return { type: 'boolean', ...described };
    case 'text':
      return {
        type: 'string',
        ...described,
        ...(parameter.pattern === undefined ? {} : { pattern: `^(?:${parameter.pattern})$` }),
      };
    case 'path':
      return { type: 'string', ...described };
    case 'globs':
      return { ...described, ...ONE_OR_MORE };
    case 'list':
      return { type: 'array', ...described, items: tableSchema(parameter.item) };
    case 'group':
      return { ...described, ...tableSchema(parameter.item) };
  }
}
