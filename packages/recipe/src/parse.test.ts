import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseRecipe } from './parse.js';

const GOOD = `# Prune, then fill channels again.
input: models/resnet.safetensors
exclude: { layers: ["fc.*"], roles: [first] }
steps:
  - prune: { method: magnitude, sparsity: 0.8 }
  - id: filled
    structure: refill
    exclude: ["layer1.**"]
output: out/resnet-80.safetensors
seed: 7
`;

test('a recipe is plain data with every default filled in', () => {
  const { recipe, problems } = parseRecipe(GOOD);
  expect(problems).toEqual([]);
  expect(recipe).toEqual({
    inputs: [{ name: 'model', path: 'models/resnet.safetensors' }],
    exclude: { layers: ['fc.*'], roles: ['first'], minElements: 0, preset: 'none' },
    steps: [
      {
        id: 'prune-1',
        verb: 'prune',
        method: 'magnitude',
        options: { sparsity: 0.8, scope: 'model' },
        exclude: { layers: [], roles: [], minElements: 0, preset: 'none' },
      },
      {
        id: 'filled',
        verb: 'structure',
        method: 'refill',
        options: { criterion: 'magnitude', mode: 'paper', seed: 7 },
        exclude: { layers: ['layer1.**'], roles: [], minElements: 0, preset: 'none' },
      },
    ],
    outputs: [{ path: 'out/resnet-80.safetensors', format: null, masks: 'zeros' }],
    budget: null,
    devices: [],
    evaluate: null,
    seed: 7,
    sweep: [],
  });
});

/** `‹…›` marks where the problem stands. */
test.each([
  [
    'input: a.pt\nsteps:\n  - prune: { method: magnitude, sparsity: ‹80› }\n',
    'option/range',
    'sparsity is 0 to less than 1; 80 looks like a percentage, 0.8?',
    '0.8',
  ],
  [
    'input: a.pt\nsteps:\n  - prune: { method: ‹magnitud› }\n',
    'recipe/unknown-method',
    'There is no method magnitud. Methods of prune are magnitude, random, n-m, block, channel, mask.',
    'magnitude',
  ],
  [
    'input: a.pt\nsteps:\n  - ‹prun›: magnitude\n',
    'recipe/unknown-verb',
    'There is no step prun. Steps are prune, structure, quantize.',
    'prune',
  ],
  [
    'input: a.pt\nsteps:\n  - prune: { method: magnitude, ‹sparsty›: 0.5 }\n',
    'option/unknown',
    'There is no option sparsty. Did you mean sparsity?',
    'sparsity',
  ],
  [
    'input: a.pt\nsteps:\n  - prune: magnitude\n    ‹structure›: refill\n',
    'recipe/two-verbs',
    'A step does one thing; write another step.',
    undefined,
  ],
  [
    'input: a.pt\nsteps:\n  - ‹prune›: {}\n',
    'recipe/no-method',
    'prune names its method: magnitude, random, n-m, block, channel, mask.',
    undefined,
  ],
  [
    'input: a.pt\nsteps:\n  - { ‹prune›: { method: mask } }\n',
    'option/missing',
    'file is missing: The file whose zeros are taken.',
    undefined,
  ],
  [
    'input: a.pt\nsteps:\n  - { id: a, prune: magnitude }\n  - ‹{ id: a, prune: magnitude }›\n',
    'recipe/duplicate-id',
    'Two steps are called a.',
    undefined,
  ],
  [
    '‹inputs›: a.pt\ninput: b.pt\nsteps:\n  - prune: magnitude\n',
    'recipe/unknown-key',
    'A recipe has no inputs. It has input, exclude, steps, output, devices, budget, evaluate, seed, sweep.',
    'input',
  ],
  ['input: ‹3›\nsteps:\n  - prune: magnitude\n', 'recipe/type', 'input is a text.', undefined],
  [
    'input: a.pt\nseed: ‹-1›\nsteps:\n  - prune: magnitude\n',
    'recipe/type',
    'seed is a whole number from 0 to 4294967295.',
    undefined,
  ],
  ['input: a.pt\nsteps: ‹prune›\n', 'recipe/type', 'steps is a list.', undefined],
  [
    'input: a.pt\nsteps:\n  - ‹magnitude›\n',
    'recipe/type',
    'A step names what it does: prune, structure, quantize.',
    undefined,
  ],
  [
    'input: a.pt\nexclude: { roles: ‹5› }\nsteps:\n  - prune: magnitude\n',
    'option/type',
    'roles takes a list of globs, found 5.',
    undefined,
  ],
])('%s', (marked, code, message, fix) => {
  const from = marked.indexOf('‹');
  const to = marked.indexOf('›') - 1;
  const { recipe, problems } = parseRecipe(marked.replace(/[‹›]/g, ''));
  const found = problems.find((problem) => problem.code === code);
  expect(found).toMatchObject({ code, message });
  if (code !== 'recipe/no-method') expect([found!.from, found!.to]).toEqual([from, to]);
  expect(found!.fix?.text).toBe(fix);
  expect(recipe).toBeNull();
});

test.each([
  ['', 'recipe/empty'],
  ['- a\n- b\n', 'recipe/empty'],
  ['input: [a\n', 'recipe/yaml'],
  ['input: a\ninput: b\n', 'recipe/yaml'],
  ['input: a.pt\n', 'recipe/no-steps'],
  ['steps:\n  - prune: magnitude\n', 'recipe/missing'],
])('%j has the problem %s', (text, code) => {
  const { recipe, problems } = parseRecipe(text);
  expect(recipe).toBeNull();
  expect(problems.map((problem) => problem.code)).toContain(code);
});

test('a recipe with everything wrong in it has a list of problems in the order of the text', () => {
  const { recipe, problems } = parseRecipe(
    'inptu: a\nexclude: 5\nsteps:\n  - prune: { method: magnitude, sparsity: 80, scope: modle, x: 1 }\n  - foo\n  - {}\nseed: x\n',
  );
  expect(recipe).toBeNull();
  expect(problems.length).toBeGreaterThanOrEqual(7);
  expect(problems.map(({ from }) => from)).toEqual([...problems.map(({ from }) => from)].sort((a, b) => a - b));
});

test('whatever is written, problems stand inside of the text and nothing is thrown', () => {
  const words = fc.constantFrom(
    'input',
    'steps',
    'prune',
    'structure',
    'magnitude',
    'sparsity',
    ':',
    '-',
    '{',
    '}',
    '[',
    ']',
    '\n',
    '  ',
    '0.5',
    '&a',
    '*a',
    '!!',
    '"',
    '#',
    ',',
    'exclude',
    '<<',
  );
  const check = (text: string): boolean =>
    parseRecipe(text).problems.every(({ from, to }) => from >= 0 && from <= to && to <= text.length);
  fc.assert(fc.property(fc.string(), check));
  fc.assert(
    fc.property(
      fc.array(words, { maxLength: 30 }).map((all) => all.join(' ')),
      check,
    ),
    { numRuns: 500 },
  );
  for (let end = 0; end < GOOD.length; end++) expect(check(GOOD.slice(0, end))).toBe(true);
});

test.each<[string, object]>([
  ['x.pt', { path: 'x.pt', format: null, masks: 'zeros' }],
  ['{ path: x.bin, format: pytorch-zip, masks: pytorch }', { path: 'x.bin', format: 'pytorch-zip', masks: 'pytorch' }],
])('output: %s', (output, expected) => {
  const { recipe } = parseRecipe(`input: a.pt\nsteps:\n  - prune: magnitude\noutput: ${output}\n`);
  expect(recipe?.outputs).toEqual([expected]);
});

test.each<[string, string, string]>([
  ['{ masks: pytorch }', 'option/missing', 'output'],
  ['{ path: x.pt, mask: pytorch }', 'option/unknown', 'mask'],
  ['{ path: x.pt, masks: tensorflow }', 'option/choice', 'tensorflow'],
])('output: %s is a problem with its place', (output, code, word) => {
  const text = `input: a.pt\nsteps:\n  - prune: { method: magnitude, sparsity: 0.5 }\noutput: ${output}\n`;
  const { recipe, problems } = parseRecipe(text);
  expect(recipe).toBeNull();
  expect(problems.map((problem) => [problem.code, text.slice(problem.from, problem.to)])).toEqual([[code, word]]);
});

test('a recipe may have a budget, with problems in their places', () => {
  expect(
    parseRecipe('input: a.pt\nsteps:\n  - prune: magnitude\nbudget: { size: 1 MB }\n').recipe?.budget,
  ).toMatchObject({
    sizeBytes: 1e6,
    checkpoints: [],
  });
  const text = 'input: a.pt\nsteps:\n  - prune: magnitude\nbudget: { size: much, checkpoints: [a] }\n';
  expect(parseRecipe(text).problems.map(({ code, from, to }) => [code, text.slice(from, to)])).toEqual([
    ['option/choice', 'much'],
    ['option/unknown', 'checkpoints'],
  ]);
});
