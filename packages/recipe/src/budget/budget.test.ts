import Ajv from 'ajv';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { budgetJsonSchema } from '../jsonSchema.js';
import { bytesOf } from './budget.js';
import { budgetGlobs, budgetHover, completeBudget } from './budgetLanguage.js';
import { budgetFor, parseBudget } from './parseBudget.js';

const WHOLE = `# What ships
checkpoints: ["models/*.safetensors"]
size: 25 MB
sparsity:
  - { match: "**", atLeast: 0.8 }
  - { match: layer4, atLeast: 0.9, each: true }
pattern:
  - { match: "layer*.**", is: 2:4 }
latency:
  - { device: a100, atMostMs: 4 }
accuracy: 0.76
forbid: [non-finite, error]
`;

test('a budget without problems is plain data', () =>
  expect(parseBudget(WHOLE)).toMatchObject({
    problems: [],
    budgets: [
      {
        checkpoints: ['models/*.safetensors'],
        sizeBytes: 25e6,
        sparsity: [
          { match: '**', atLeast: 0.8, each: false },
          { match: 'layer4', atLeast: 0.9, each: true },
        ],
        pattern: [{ match: 'layer*.**', is: '2:4' }],
        latency: [{ device: 'a100', atMostMs: 4 }],
        accuracy: 0.76,
        forbid: ['non-finite', 'error'],
      },
    ],
  }));

test.each([
  ['100 B', 100],
  ['1.5kB', 1500],
  ['2 KB', 2000],
  ['25 MB', 25e6],
  ['1 GiB', 2 ** 30],
  ['1 PB', null],
  ['-1 B', null],
  ['1e3 B', null],
])('%s is %j bytes', (text, bytes) => expect(bytesOf(text)).toBe(bytes));

/** `[code, marked text, fix]` of each problem, in the order of the text. */
const problems = (text: string) =>
  parseBudget(text).problems.map(({ code, from, to, fix }) => [code, text.slice(from, to), fix?.text ?? null]);

test('a budget with everything wrong in it has a list of problems in the order of the text', () =>
  expect(
    problems(`size: huge
sparsty: []
sparsity:
  - { match: "**", atLeast: 80 }
  - { atLeast: 0.5 }
pattern:
  - { match: fc, is: "2:5" }
latency: fast
accuracy: good
forbid: [non-finit, warning]
`),
  ).toEqual([
    ['option/choice', 'huge', null],
    ['option/unknown', 'sparsty', 'sparsity'],
    ['option/range', '80', '0.8'],
    ['option/missing', '{ atLeast: 0.5 }', null],
    ['option/choice', '"2:5"', expect.any(String)],
    ['option/type', 'fast', null],
    ['option/type', 'good', null],
    ['budget/unknown-finding', 'non-finit', 'non-finite'],
  ]));

test.each([
  ['', 'budget/empty'],
  ['3', 'budget/empty'],
  ['[]', 'budget/empty'],
  ['checkpoints: [a]', 'budget/empty'],
  ['size: [', 'budget/yaml'],
  ['size: 1 MB\nsize: 2 MB', 'budget/yaml'],
  ['__proto__: { size: 3 }', 'option/unknown'],
])('%j: %s', (text, code) => expect(problems(text)[0]?.[0]).toBe(code));

test('of a list the first budget that names a checkpoint holds for it', () => {
  const { budgets } = parseBudget(
    '- { checkpoints: "big/**", size: 1 GB }\n- { checkpoints: ["*.pt", "x/?.pt"], size: 1 MB }\n',
  );
  const at = (path: string): number | null => budgetFor(budgets!, path);
  expect([at('big/a.b/c.onnx'), at('a.v2.pt'), at('x/1.pt'), at('x/12.pt'), at('deep/a.pt')]).toEqual([
    0,
    1,
    1,
    null,
    null,
  ]);
  expect(budgetFor(parseBudget('size: 1 MB').budgets!, 'any/where.pt')).toBe(0);
});

test('globs over layers are found, and nothing else', () =>
  expect(budgetGlobs(parseBudget(WHOLE).document).map(({ glob }) => glob)).toEqual(['**', 'layer4', 'layer*.**']));

describe('language', () => {
  const cursor = (marked: string) => ({ text: marked.replace('|', ''), offset: marked.indexOf('|') });
  test.each([
    ['si|ze: 25 MB', /^\*\*size\*\* · Bytes on disk/],
    ['sparsity:\n  - { at|Least: 0.8 }', /^\*\*atLeast\*\* · Share of the matching weights.* 0 to 1\.$/],
    ['- pattern:\n    - { is: 2:|4 }', /^\*\*2:4\*\* · Of every 4 consecutive/],
  ])('a hover on %j says what it means', (marked, expected) => {
    const { text, offset } = cursor(marked);
    expect(budgetHover(parseBudget(text).document, offset)?.markdown).toMatch(expected);
  });

  test.each([
    ['size: 1 MB\n|', ['checkpoints', 'sparsity', 'pattern', 'latency', 'accuracy', 'forbid']],
    ['sparsity:\n  - { match: a, | }', ['atLeast', 'each']],
    ['sparsity:\n  - |', ['match', 'atLeast', 'each']],
    ['pattern:\n  - { match: fc, is: | }', ['1:2', '2:4', '1:4', '4:8', '4x1', '1x4', '4x4', '16x16']],
    ['sparsity:\n  - { match: | }', ['layer1.**', 'layer1.conv.weight']],
    ['- size: 1 MB\n  |', ['checkpoints', 'sparsity', 'pattern', 'latency', 'accuracy', 'forbid']],
  ])('at %j these are offered', (marked, expected) => {
    const { text, offset } = cursor(marked);
    expect(completeBudget(text, offset, ['layer1.conv.weight']).items.map(({ label }) => label)).toEqual(expected);
  });
});

const isValid = new Ajv({ allowUnionTypes: true }).compile(budgetJsonSchema());

test.each([
  [WHOLE, true],
  ['size: 3\n', true],
  [`- ${WHOLE.replaceAll('\n', '\n  ').trimEnd()}\n`, true],
  ['size: huge\n', false],
  ['sparsity: [{ atLeast: 0.5 }]\n', false],
  ['pattern: [{ match: a, is: 2:5 }]\n', false],
  ['sise: 3\n', false],
])('of %j the JSON Schema thinks as the parser does: %s', (text, valid) => {
  expect(isValid(parse(text))).toBe(valid);
  expect(parseBudget(text).budgets !== null).toBe(valid);
});

test('whatever is written, problems stand inside of the text and nothing is thrown', () => {
  const word = fc.constantFrom(
    'size',
    'sparsity',
    'match',
    'forbid',
    ':',
    '-',
    '{',
    '}',
    '[',
    ']',
    '\n',
    '  ',
    '&a',
    '*a',
    '"',
    '#',
    ',',
    '<<',
    '__proto__',
    '\t',
    '\r\n',
    '0.5',
    '!!set',
    '\uFEFF',
    '|',
  );
  fc.assert(
    fc.property(
      fc.array(word, { maxLength: 30 }).map((all) => all.join(' ')),
      fc.nat(80),
      (text, at) => {
        const offset = Math.min(at, text.length);
        budgetHover(parseBudget(text).document, offset);
        completeBudget(text, offset);
        budgetGlobs(parseBudget(text).document);
        return parseBudget(text).problems.every(({ from, to }) => 0 <= from && from <= to && to <= text.length);
      },
    ),
    { numRuns: 500 },
  );
});
