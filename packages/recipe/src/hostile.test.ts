import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { budgetGlobs, budgetHover, completeBudget } from './budget/budgetLanguage.js';
import { parseBudget } from './budget/parseBudget.js';
import { completeRecipe } from './complete.js';
import { yamlFolds } from './folds.js';
import { formatYaml } from './format.js';
import { recipeHover } from './hover.js';
import { layerGlobs } from './layerGlobs.js';
import { parseRecipe } from './parse.js';
import { renameStep } from './renameStep.js';
import { stepAt } from './stepAt.js';
import { yamlSymbols } from './symbols.js';
import { translateRecipe } from './translate/translateRecipe.js';

/** Everything that an editor asks of a text, at one place in it. Nothing is thrown, and what is said lies inside of the text. */
function askEverything(text: string, offset: number): void {
  for (const parsed of [parseRecipe(text), parseBudget(text)]) {
    for (const { from, to, fix } of parsed.problems) {
      expect(from >= 0 && from <= to && to <= text.length).toBe(true);
      if (fix?.at !== undefined) expect(fix.at.to <= text.length).toBe(true);
    }
    const places = [
      ...yamlFolds(parsed),
      ...layerGlobs(parsed.document),
      ...budgetGlobs(parsed.document),
      ...yamlSymbols(parsed).flatMap(({ whole, named }) => [whole, named]),
    ];
    for (const { from, to } of places) expect(from >= 0 && from <= to && to <= text.length).toBe(true);
  }
  const recipe = parseRecipe(text);
  recipeHover(recipe, offset);
  stepAt(recipe, offset);
  renameStep(recipe, offset, 'other');
  completeRecipe(text, offset);
  budgetHover(parseBudget(text).document, offset);
  completeBudget(text, offset);
  formatYaml(text);
  translateRecipe(text);
}

const aliases = (levels: number): string =>
  Array.from(
    { length: levels },
    (_, i) =>
      `a${i}: &a${i} [${
        i === 0
          ? 'x'
          : Array(9)
              .fill(`*a${i - 1}`)
              .join(',')
      }]`,
  ).join('\n');

const GOOD = 'input: a.pt\nsteps:\n  - prune: magnitude\n';

test.each([
  [
    'keys of the prototype',
    '__proto__: { a: 1 }\nconstructor: 1\ntoString: x\nsteps:\n  - __proto__: magnitude\n  - prune: { method: __proto__, hasOwnProperty: 1 }\n  - constructor: {}\nexclude: { __proto__: [a] }\nsweep: { __proto__: [1], constructor: [2] }\n',
  ],
  [
    'methods of the prototype',
    'input: a\nsteps:\n  - prune: constructor\n  - prune: { method: toString }\nsparsity: [{ __proto__: 1, match: constructor }]\nforbid: [__proto__, constructor]\n',
  ],
  ['aliases that multiply', aliases(12)],
  ['an alias of itself', 'input: &a [*a]\nsteps: *a\n'],
  ['merge keys', 'x: &x { prune: magnitude }\nsteps:\n  - <<: *x\n  - <<: [*x, *x]\n'],
  ['deep lists', `steps: ${'['.repeat(20_000)}`],
  ['deep maps', '{a: '.repeat(5_000)],
  ['deep blocks', Array.from({ length: 800 }, (_, i) => `${' '.repeat(i)}a:`).join('\n')],
  ['ten megabytes', `${GOOD}# ${'x'.repeat(10_000_000)}`],
  ['ten megabytes of one key', 'k'.repeat(10_000_000)],
  ['many problems', `input: a\nsteps:\n${'  - prun: 3\n'.repeat(5000)}`],
  ['many globs', `input: a\nsteps: []\nexclude: [${'"a.*", '.repeat(5000)}]`],
  ['tabs', 'input:\ta.pt\nsteps:\n\t- prune: magnitude\n'],
  ['other ends of lines', GOOD.replaceAll('\n', '\r\n')],
  ['lonely returns', GOOD.replaceAll('\n', '\r')],
  ['a mark of the byte order', `\uFEFF${GOOD}`],
  ['halves of characters', 'input: \uD800\nsteps: [\uDC00]\n'],
  ['control characters', 'input: a\u0000b\u0007\nsteps: \u001b[31m\n'],
  ['tags', 'input: !!binary aGk=\nsteps: !!set { ? a }\nseed: !!float 1\nx: !foo bar\n'],
  ['several documents', '---\ninput: a\n---\nsteps: []\n...\n'],
  ['a directive', '%YAML 9.9\n---\ninput: a\n'],
  ['keys that are lists', '? [a, b]\n: 1\n? { c: d }\n: 2\n'],
  ['nothing', ''],
  [
    'numbers beyond numbers',
    'input: a\nseed: 1e999\nsteps:\n  - prune: { method: magnitude, sparsity: .nan }\n  - prune: { method: n-m, n: -.inf, m: 0x10 }\n',
  ],
])('%s: every question has an answer', { timeout: 20_000 }, (_, text) => {
  for (const offset of [0, Math.floor(Math.min(text.length, 2000) / 2), text.length]) askEverything(text, offset);
});

describe('what is no mistake is taken', () => {
  test.each([
    ['other ends of lines', GOOD.replaceAll('\n', '\r\n')],
    ['a mark of the byte order', `\uFEFF${GOOD}`],
    ['JSON', '{ "input": "a.pt", "steps": [{ "prune": "magnitude" }] }'],
    ['an anchor', 'input: &in a.pt\nsteps:\n  - prune: &p { method: magnitude }\n  - prune: *p\n'],
  ])('%s', (_, text) => {
    expect(parseRecipe(text).problems).toEqual([]);
    expect(parseRecipe(text).recipe).not.toBeNull();
  });

  test('places of problems count the mark of the byte order, as editors do', () => {
    const text = '\uFEFFinput: a.pt\r\nsteps:\r\n  - prun: magnitude\r\n';
    const [problem] = parseRecipe(text).problems;
    expect(text.slice(problem!.from, problem!.to)).toBe('prun');
  });
});

test('a text that is too long is said to be, at once', () => {
  const started = performance.now();
  expect(parseRecipe(`${GOOD}${'# x\n'.repeat(2_500_000)}`).problems).toMatchObject([
    { code: 'recipe/yaml', message: 'The text has 10000040 characters; at most 300000 are read.' },
  ]);
  // Parsing it would take many seconds.
  expect(performance.now() - started).toBeLessThan(2000);
});

test('nothing that a text says reaches the prototype of objects', () => {
  askEverything(
    '__proto__: { polluted: 1 }\nsteps: [{ prune: { method: magnitude, __proto__: { polluted: 1 } } }]\nsweep: { __proto__: [1] }\n',
    0,
  );
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
});

test('mutated recipes and budgets: every question has an answer', { timeout: 60_000 }, () => {
  const whole = `${GOOD}exclude: { layers: ["a.*"], roles: [first] }\noutput: { path: b.pt, masks: zeros }\nsweep: { sparsity: [0.5, 0.8] }\nseed: 3\n`;
  const budget = 'size: 2 MB\nsparsity:\n  - { match: "**", atLeast: 0.5 }\nforbid: [warning]\n';
  const edit = fc.record({
    at: fc.nat(300),
    cut: fc.nat(12),
    put: fc.constantFrom(
      '',
      ':',
      '\n',
      '- ',
      '[',
      '}',
      '"',
      '&a ',
      '*a',
      '#',
      '\t',
      ' ',
      '? ',
      '!!map ',
      '|\n',
      '__proto__',
      '\r',
      '\uFEFF',
    ),
  });
  fc.assert(
    fc.property(
      fc.constantFrom(whole, budget),
      fc.array(edit, { minLength: 1, maxLength: 5 }),
      fc.nat(300),
      (text, edits, at) => {
        const mutated = edits.reduce(
          (now, { at: from, cut, put }) => now.slice(0, from) + put + now.slice(from + cut),
          text,
        );
        askEverything(mutated, Math.min(at, mutated.length));
      },
    ),
    { numRuns: 300 },
  );
});
