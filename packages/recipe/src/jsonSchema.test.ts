import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import Ajv from 'ajv';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { recipeJsonSchema } from './jsonSchema.js';
import { parseRecipe } from './parse.js';
import { methodsOf, schema, VERBS } from './schema.js';

const folder = fileURLToPath(new URL('../../../fixtures/recipes/', import.meta.url));
const recipesIn = (path: string): string[] => readdirSync(path).filter((name) => name.endsWith('.espalier.yaml'));
const isValid = new Ajv({ allErrors: true, allowUnionTypes: true }).compile(recipeJsonSchema());
const errorsOf = (text: string): unknown => (isValid(parse(text)) ? [] : isValid.errors);
const failsIn = (text: string): boolean => parseRecipe(text).problems.some(({ severity }) => severity === 'error');

test.each(recipesIn(folder))('%s is accepted', (name) => {
  const text = readFileSync(folder + name, 'utf8');
  expect(parseRecipe(text).problems).toEqual([]);
  expect(errorsOf(text)).toEqual([]);
});

test.each(recipesIn(`${folder}broken/`))('%s is refused, as our own parser refuses it', (name) => {
  const text = readFileSync(`${folder}broken/${name}`, 'utf8');
  expect(failsIn(text)).toBe(true);
  expect(errorsOf(text)).not.toEqual([]);
});

test.each(VERBS.flatMap((verb) => methodsOf(schema, verb).map(({ name }) => [verb, name])))(
  '%s: %s, a word alone, is accepted where no option is required',
  (verb, name) => {
    const text = `input: a.pt\nsteps:\n  - ${verb}: ${name}\n`;
    expect(isValid(parse(text))).toBe(!failsIn(text));
  },
);

test('of one option with any value, schema and parser think the same', () => {
  const options = schema.methods.flatMap(({ verb, name, parameters }) =>
    Object.keys(parameters).map((option) => ({ verb, name, option })),
  );
  const value = fc.oneof(
    fc.constantFrom('model', 'layer', 'erk', 'paper', '2', 'a.pt', 'Q8_0', ''),
    fc.constantFrom(0, 1, 0.5, -1, 80, 2, 4.5, 1e9),
    fc.boolean(),
    fc.constantFrom([], ['a'], [1], {}, { scheme: 'fp16' }, { scheme: 'x' }, [{ match: 'a' }], [{ scheme: 'fp16' }]),
  );
  fc.assert(
    fc.property(fc.constantFrom(...options), value, ({ verb, name, option }, given) => {
      const text = JSON.stringify({ input: 'a.pt', steps: [{ [verb]: { method: name, [option]: given } }] });
      expect([text, isValid(JSON.parse(text))]).toEqual([text, !failsIn(text)]);
    }),
    { numRuns: 1000 },
  );
});
