import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseDocument } from 'yaml';
import { yamlFolds } from './folds.js';
import { formatYaml } from './format.js';
import { layerGlobs } from './layerGlobs.js';
import { parseRecipe } from './parse.js';
import { renameStep, stepNameAt } from './renameStep.js';
import { type YamlSymbol, yamlSymbols } from './symbols.js';

const RECIPE = `# Prunes
# and repairs.
input: a.pt
exclude: { layers: ["fc.*"] }
steps:
  - id: thin
    prune: { method: magnitude, sparsity: 0.8 }
  - structure:
      method: refill
      mode: paper
sweep:
  thin.sparsity: [0.5, 0.8]
`;

test('an outline names steps by their id, else by what they do', () => {
  const lines = (symbols: readonly YamlSymbol[], depth: number): string[] =>
    symbols.flatMap(({ name, detail, children }) => [
      `${'  '.repeat(depth)}${name}${detail === '' ? '' : ` · ${detail}`}`,
      ...lines(children, depth + 1),
    ]);
  expect(lines(yamlSymbols(parseRecipe(RECIPE)), 0)).toEqual([
    'input · a.pt',
    'exclude',
    '  layers',
    'steps',
    '  thin · prune magnitude',
    '    id · thin',
    '    prune',
    '      method · magnitude',
    '      sparsity · 0.8',
    '  structure · refill',
    '    structure',
    '      method · refill',
    '      mode · paper',
    'sweep',
    '  thin.sparsity',
  ]);
});

test('values over several lines fold from their key, and runs of comments', () =>
  expect(yamlFolds(parseRecipe(RECIPE)).map(({ kind, from, to }) => [kind, RECIPE.slice(from, to)])).toEqual([
    ['region', RECIPE.slice(RECIPE.indexOf('steps:'), RECIPE.indexOf('\nsweep'))],
    ['region', RECIPE.slice(RECIPE.indexOf('id: thin'), RECIPE.indexOf('\n  - structure'))],
    ['region', RECIPE.slice(RECIPE.indexOf('structure:'), RECIPE.indexOf('\nsweep'))],
    ['region', RECIPE.slice(RECIPE.indexOf('sweep:')).trimEnd()],
    ['comment', '# Prunes\n# and repairs.'],
  ]));

test('globs over layers are found, and nothing else', () =>
  expect(
    layerGlobs(
      parseRecipe(`exclude: a.*
steps:
  - prune: magnitude
    exclude: { layers: [b, "c.**"], roles: [first] }
  - quantize: { method: post-training, rules: [{ match: "d.*", scheme: keep }] }
`).document,
    ).map(({ glob }) => glob),
  ).toEqual(['a.*', 'b', 'c.**', 'd.*']));

describe('formatting', () => {
  test.each([
    [
      'input:   a.pt # where from\nsteps:\n- prune:   magnitude\n',
      'input: a.pt # where from\nsteps:\n  - prune: magnitude\n',
    ],
    [
      '# top\n\ninput: "a.pt"\n\n\nsteps:\n    -   prune: {method: magnitude,sparsity: 0.80}\n',
      '# top\n\ninput: "a.pt"\n\nsteps:\n  - prune: { method: magnitude, sparsity: 0.80 }\n',
    ],
    [
      'steps:\n- prune: &p {method: magnitude}\n- prune: *p\n',
      'steps:\n  - prune: &p { method: magnitude }\n  - prune: *p\n',
    ],
    ['a:   [[1,2],  {b: 1}]\n', 'a: [[1, 2], { b: 1 }]\n'],
    ['input:  a.pt\r\nsteps: [  ]\r\n', 'input: a.pt\r\nsteps: []\r\n'],
    ['\uFEFFinput:  a.pt\n', '\uFEFFinput: a.pt\n'],
    [
      `exclude: [${'"a.long.name.of.a.layer", '.repeat(5)}b] # long\n`,
      `exclude:\n${'  - "a.long.name.of.a.layer"\n'.repeat(5)}  - b\n  # long\n`,
    ],
  ])('%j becomes %j', (text, expected) => expect(formatYaml(text)).toBe(expected));

  test.each(['input: [', 'a: 1\na: 2\n', '--- a: 1\n--- b: 2\n', '*nothing\n'])('%j stays as it is', (text) =>
    expect(formatYaml(text)).toBeNull(),
  );

  test('means the same, keeps every comment, and done twice changes nothing', () => {
    const word = fc.constantFrom(
      'a',
      'b: 1',
      '- c',
      '# note',
      '  ',
      '\n',
      '{ x: 1 }',
      '[1, 2]',
      '"q"',
      ':',
      '- ',
      'k:',
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 20 }), (words) => {
        const text = words.join(' ');
        const formatted = formatYaml(text);
        if (formatted === null) return;
        const meaning = (of: string): unknown => parseDocument(of, { logLevel: 'error' }).toJS();
        expect(meaning(formatted)).toEqual(meaning(text));
        expect(formatted.split('# note')).toHaveLength(text.split('# note').length);
        expect(formatYaml(formatted)).toBe(formatted);
      }),
      { numRuns: 500 },
    );
  });
});

describe('renaming a step', () => {
  const applied = (marked: string, name: string): string => {
    const offset = marked.indexOf('|');
    const text = marked.replace('|', '');
    const edits = renameStep(parseRecipe(text), offset, name);
    if (typeof edits === 'string') return edits;
    return edits.reduceRight((now, { from, to, text: by }) => now.slice(0, from) + by + now.slice(to), text);
  };
  const HEAD = 'input: a.pt\nsteps:\n';
  test.each([
    [
      `${HEAD}  - id: th|in\n    prune: magnitude\nsweep: { thin.sparsity: [0.5] }\n`,
      `${HEAD}  - id: slim\n    prune: magnitude\nsweep: { slim.sparsity: [0.5] }\n`,
    ],
    [
      `${HEAD}  - { id: "thin", prune: magnitude }\nsweep:\n  "th|in.sparsity": [0.5]\n  thin.scope: [layer]\n`,
      `${HEAD}  - { id: "slim", prune: magnitude }\nsweep:\n  "slim.sparsity": [0.5]\n  slim.scope: [layer]\n`,
    ],
    [
      `${HEAD}  - prune: magnitude\nsweep:\n  pru|ne-1.sparsity: [0.5]\n`,
      `${HEAD}  - id: slim\n    prune: magnitude\nsweep:\n  slim.sparsity: [0.5]\n`,
    ],
  ])('%j becomes %j', (marked, expected) => expect(applied(marked, 'slim')).toBe(expected));

  test.each([
    [`${HEAD}  - id: a|\n    prune: magnitude\n  - id: slim\n    prune: random\n`, 'Another step is called slim.'],
    [`${HEAD}  - prune: mag|nitude\n`, 'There is no name of a step here.'],
  ])('%j: %s', (marked, why) => expect(applied(marked, 'slim')).toBe(why));

  test('a name is a word', () =>
    expect(applied(`${HEAD}  - id: a|\n    prune: magnitude\n`, 'a: b')).toMatch(/^A name has letters/));

  test('the option of an axis is not the name of its step', () => {
    const text = `${HEAD}  - id: thin\n    prune: magnitude\nsweep: { thin.sparsity: [0.5] }\n`;
    expect(stepNameAt(parseRecipe(text), text.indexOf('rsity:'))).toBeNull();
  });
});
