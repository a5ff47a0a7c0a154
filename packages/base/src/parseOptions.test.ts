import { expect, test } from 'vitest';
import type { MethodDescription } from './method.js';
import { parseOptions } from './parseOptions.js';

const method: MethodDescription = {
  verb: 'prune',
  name: 'magnitude',
  summary: 'Zero the weights with the smallest absolute value.',
  source: 'Han et al., 2015',
  parameters: {
    sparsity: { kind: 'ratio', default: 0.5, open: 'high', doc: 'Fraction of weights set to zero.' },
    scope: {
      kind: 'oneOf',
      default: 'model',
      doc: 'Where weights are ranked together.',
      values: [
        { value: 'model', doc: 'All layers together.' },
        { value: 'layer', doc: 'Each layer by itself.' },
      ],
    },
    seed: { kind: 'integer', minimum: 0, maximum: 2 ** 32 - 1, doc: 'Seed of chance.' },
    rules: {
      kind: 'list',
      doc: 'Rules.',
      item: { match: { kind: 'globs', required: true, doc: 'Layers.' }, keep: { kind: 'flag', doc: 'Leave alone.' } },
    },
  },
};

test('defaults fill what was not given', () =>
  expect(parseOptions(method, { scope: 'layer' })).toEqual({
    options: { sparsity: 0.5, scope: 'layer' },
    problems: [],
  }));

test.each([
  [
    { sparsity: 80 },
    'option/range',
    ['sparsity'],
    'sparsity is 0 to less than 1; 80 looks like a percentage, 0.8?',
    0.8,
  ],
  [{ sparsity: 1 }, 'option/range', ['sparsity'], 'sparsity is 0 to less than 1; found 1.', undefined],
  [{ sparsity: 'high' }, 'option/type', ['sparsity'], 'sparsity takes a number from 0 to 1, found a text.', undefined],
  [{ sparsty: 0.5 }, 'option/unknown', ['sparsty'], 'There is no option sparsty. Did you mean sparsity?', 'sparsity'],
  [{ scope: 'modle' }, 'option/choice', ['scope'], 'scope is one of model, layer; found modle.', 'model'],
  [{ seed: -1 }, 'option/range', ['seed'], 'seed is 0 to 4294967295; found -1.', undefined],
  [{ seed: 0.5 }, 'option/type', ['seed'], 'seed takes a whole number, found 0.5.', undefined],
  [{ rules: [{ match: 'a' }, {}] }, 'option/missing', ['rules', 1, 'match'], 'match is missing: Layers.', undefined],
  [{ rules: 3 }, 'option/type', ['rules'], 'rules takes a list, found 3.', undefined],
  [[], 'option/type', [], 'Expected named options, found a list.', undefined],
])('%j is said with its place', (given, code, path, message, suggestion) => {
  const { problems } = parseOptions(method, given);
  expect(problems).toEqual([{ code, path, message, ...(suggestion === undefined ? {} : { suggestion }) }]);
});

test('a single glob is a list of one, and valid options survive invalid ones', () =>
  expect(parseOptions(method, { sparsity: 2.5, rules: [{ match: '*.bias', keep: true }] }).options).toEqual({
    scope: 'model',
    rules: [{ match: ['*.bias'], keep: true }],
  }));

test('names of the prototype are names like others', () =>
  expect(parseOptions(method, JSON.parse('{"__proto__": 1, "constructor": 2}')).problems).toHaveLength(2));
