import type { TensorHead } from '@espalier/model';
import { parseRecipe } from '@espalier/recipe';
import { expect, test } from 'vitest';
import { stepMarkdown } from '../words/recipeWords.js';
import { recipeOutlook } from './recipeOutlook.js';

const weight = (name: string, shape: readonly number[]): TensorHead => ({
  name: `${name}.weight`,
  dtype: 'F32',
  storage: 'F32',
  shape,
  elements: shape.reduce((product, size) => product * size, 1),
  bytes: 0,
  role: shape.length === 4 ? 'conv' : 'linear',
  prunable: true,
  layer: name,
  outputChannels: shape[0]!,
  inputChannels: shape[1]!,
  axes: { output: [0], input: [1], kernel: shape.length === 4 ? [2, 3] : [] },
  description: '',
});

/** 432 + 9,216 + 9,216 + 320 = 19,184 weights. */
const HEADS = [
  weight('stem', [16, 3, 3, 3]),
  weight('stage.0.conv', [32, 32, 3, 3]),
  weight('stage.1.conv', [32, 32, 3, 3]),
  weight('head', [10, 32]),
];

const outlook = (text: string) => recipeOutlook(parseRecipe(text), HEADS);
const recipe = (step: string, more = ''): string => `input: a.pt\n${more}steps:\n  - ${step}\n`;

/** What is wrong: code, the marked text, and what the fix makes of the text. */
function problems(text: string) {
  return outlook(text).problems.map(({ code, message, from, to, fix }) => {
    const { from: begin, to: end } = fix?.at ?? { from, to };
    return {
      code,
      message,
      marked: text.slice(from, to),
      fixed: fix === undefined ? null : text.slice(0, begin) + fix.text + text.slice(end),
    };
  });
}

test.each([
  ['prune: magnitude', 19_184, 9592],
  ['prune: { method: magnitude, sparsity: 0.9 }', 19_184, 17_266],
  ['prune: { method: magnitude, sparsity: 0.9, scope: layer }', 19_184, 389 + 2 * 8294 + 288],
  ['{ prune: { method: magnitude }, exclude: ["stage.*.conv"] }', 752, 376],
  ['prune: { method: random, ratio: uniform, sparsity: 0.5 }', 19_184, 9592],
  ['{ prune: { method: n-m }, exclude: [stem] }', 18_752, 9376],
  ['{ prune: { method: n-m, n: 1, along: output }, exclude: [head] }', 18_864, 14_148],
  ['prune: block', 19_184, null],
  ['structure: refill', 19_184, null],
])('%s takes %i weights and leaves %j zero', (step, elements, zeros) => {
  expect(problems(recipe(step))).toEqual([]);
  expect(outlook(recipe(step)).steps).toMatchObject([{ elements, zeros }]);
});

test('a glob that matches nothing is marked, and the nearest name offered with its wildcards', () => {
  expect(problems(recipe('prune: magnitude', 'exclude: ["stagee.*.conv", head, "norm*"]\n'))).toEqual([
    {
      code: 'recipe/no-match',
      message: 'stagee.*.conv matches no layer of the checkpoint. Did you mean stage.*.conv?',
      marked: '"stagee.*.conv"',
      fixed: recipe('prune: magnitude', 'exclude: ["stage.*.conv", head, "norm*"]\n'),
    },
    {
      code: 'recipe/no-match',
      message: 'norm* matches no layer of the checkpoint.',
      marked: '"norm*"',
      fixed: null,
    },
  ]);
});

test('globs are looked up even where the rest of the recipe is wrong', () =>
  expect(problems('input: a.pt\nsteps:\n  - prun: 3\n    exclude: { layers: [hed] }\n')).toMatchObject([
    { marked: 'hed', message: 'hed matches no layer of the checkpoint. Did you mean head?' },
  ]));

test('a density that ERK+ cannot reach is said where the ratio stands', () => {
  const step = (ratio: string): string => recipe(`prune: { method: random, ratio: ${ratio}, sparsity: 0.99 }`);
  expect(problems(step('erk+'))).toEqual([
    {
      code: 'prune/ratio-impossible',
      message:
        'erk+ cannot reach this density. The classifier head.weight alone is 1.67 % of the weights, the density asked for is 1.00 %.',
      marked: 'erk+',
      fixed: step('erk'),
    },
  ]);
  expect(problems(step('erk'))).toEqual([]);
});

test.each([
  [recipe('prune: n-m'), 'n-m', recipe('prune: n-m\n    exclude: ["stem.weight"]')],
  [
    recipe('prune:\n      method: n-m\n      n: 1'),
    'n-m',
    recipe('prune:\n      method: n-m\n      n: 1\n    exclude: ["stem.weight"]'),
  ],
  [recipe('{ prune: { method: n-m } }'), 'n-m', recipe('{ prune: { method: n-m }, exclude: ["stem.weight"] }')],
])('%j: layers that N:M does not divide can be excluded', (text, marked, fixed) => {
  const message = 'One layer does not divide by 4, so that 2:4 leaves it alone: stem.weight (3 input channels).';
  expect(problems(text)).toMatchObject([{ code: 'prune/not-divisible' }]);
  const [problem] = problems(text);
  expect(problem).toEqual({
    code: 'prune/not-divisible',
    message: message.replace('2:4', text.includes('n: 1') ? '1:4' : '2:4'),
    marked,
    fixed,
  });
  expect(problems(fixed)).toEqual([]);
});

test('n is below m', () =>
  expect(problems(recipe('prune: { method: n-m, n: 4, m: 4 }'))).toMatchObject([
    { code: 'prune/n-not-below-m', marked: '4', message: 'n is below m; found 4:4.' },
  ]));

test('where nothing is left to prune the step says so', () =>
  expect(problems(recipe('prune: magnitude', 'exclude: ["**"]\n'))).toMatchObject([
    { code: 'prune/nothing-to-prune', marked: 'magnitude', message: 'No weight is left to prune: all 4 are excluded.' },
  ]));

test('a step that quantizes tells sizes before and after, from shapes alone', () => {
  const heads = HEADS.map((head) => ({ ...head, bytes: 4 * head.elements }));
  const of = (step: string) => recipeOutlook(parseRecipe(recipe(step)), heads).steps[0]!;
  const codes = of('quantize: { method: post-training }');
  // Codes of one byte and a scale for each of 32 channels; the first and the last layer stay.
  expect(codes).toMatchObject({
    tensors: 2,
    of: 4,
    sizes: ['stage.0.conv.weight', 'stage.1.conv.weight'].map((name) => ({ name, before: 36_864, after: 9_216 + 128 })),
    allSizes: { before: 73_728, after: 18_688 },
  });
  expect(stepMarkdown(codes)).toBe(
    'Takes 2 of 4 weight tensors, 18,432 weights: 73.7 kB → 18.7 kB.\n\n- `stage.0.conv.weight` 36.9 kB → 9.34 kB\n- `stage.1.conv.weight` 36.9 kB → 9.34 kB',
  );
  const groups = of(
    'quantize: { method: post-training, default: { scheme: int4-asym, granularity: group, groupSize: 32 } }',
  );
  // Two codes to a byte; 9 groups of 32 in each of 32 rows, 5 bytes each.
  expect(groups.sizes![0]!.after).toBe(9_216 / 2 + 32 * 9 * 5);
  expect(of('quantize: { method: post-training, mixed: { bitsPerWeight: 4 } }').allSizes!.after).toBeNull();
});
