import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { parseRecipe } from './parse.js';
import { sweepPoints } from './sweepPoints.js';

const recipe = (steps: string, sweep: string): string =>
  `input: a.safetensors\nsteps:\n${steps}\noutput: out/a.safetensors\nsweep: ${sweep}\n`;

const pointsOf = (text: string) => {
  const parsed = parseRecipe(text);
  expect(parsed.problems).toEqual([]);
  return sweepPoints(parsed);
};

const stepsOf = ({ text }: { readonly text: string }): unknown => parse(text).steps;

const MAGNITUDE = '  - prune: magnitude';
const RANDOM = '  - prune: { method: random, ratio: erk }';

test('a recipe without a sweep has no points', () =>
  expect(sweepPoints(parseRecipe('input: a.pt\nsteps:\n  - prune: magnitude\n'))).toEqual([]));

test('every combination is a point, the first axis changing slowest', () => {
  const points = pointsOf(recipe(RANDOM, '{ sparsity: [0.5, 0.9], seed: [1, 2, 3] }'));
  expect(points.map(({ values }) => values)).toEqual(
    [0.5, 0.9].flatMap((sparsity) => [1, 2, 3].map((seed) => ({ sparsity, seed }))),
  );
  const { id, text } = points[5]!;
  expect(parse(text)).toEqual({
    input: 'a.safetensors',
    steps: [{ prune: { method: 'random', ratio: 'erk', sparsity: 0.9, seed: 3 } }],
    output: `out/a.sweep/sparsity-0.9-seed-3-${id}.safetensors`,
    seed: 3,
  });
  expect(parseRecipe(text).problems).toEqual([]);
});

test('points that do the same are one: a seed changes nothing where nothing is drawn', () => {
  const points = pointsOf(recipe(MAGNITUDE, '{ method: [magnitude, random], sparsity: [0.5], seed: [1, 2] }'));
  expect(points.map(({ values }) => values)).toEqual([
    { method: 'magnitude', sparsity: 0.5, seed: null },
    { method: 'random', sparsity: 0.5, seed: 1 },
    { method: 'random', sparsity: 0.5, seed: 2 },
  ]);
});

test('options that another method of the sweep has are for that one', () => {
  const steps = '  - prune: { method: magnitude, scope: layer, ratio: erk }';
  const points = pointsOf(recipe(steps, '{ method: [magnitude, random] }'));
  expect(points.map(stepsOf)).toEqual([
    [{ prune: { method: 'magnitude', scope: 'layer' } }],
    [{ prune: { method: 'random', ratio: 'erk' } }],
  ]);
});

test('an axis is for every step that has the option, or for the one that it names', () => {
  const steps = '  - { id: first, prune: magnitude }\n  - { id: second, prune: { method: block, sparsity: 0.9 } }';
  const both = pointsOf(recipe(steps, '{ sparsity: [0.6] }'));
  expect(stepsOf(both[0]!)).toMatchObject([{ prune: { sparsity: 0.6 } }, { prune: { sparsity: 0.6 } }]);
  const one = pointsOf(recipe(steps, '{ first.sparsity: [0.6], second.method: [block, channel] }'));
  expect(one.map(stepsOf)).toMatchObject([
    [{ prune: { sparsity: 0.6 } }, { prune: { method: 'block', sparsity: 0.9 } }],
    [{ prune: { sparsity: 0.6 } }, { prune: { method: 'channel', sparsity: 0.9 } }],
  ]);
});

test('what a step needs may come from the sweep alone', () => {
  for (const key of ['file', 'prune-1.file']) {
    const points = pointsOf(recipe('  - prune: mask', `{ ${key}: [a.npz, b.npz] }`));
    expect(points.map(stepsOf)).toEqual(['a.npz', 'b.npz'].map((file) => [{ prune: { method: 'mask', file } }]));
  }
  const { problems } = parseRecipe(recipe('  - prune: mask', '{ seed: [1] }'));
  expect(problems.map(({ code }) => code)).toContain('option/missing');
});

test('options within a group are named with it', () => {
  const steps = '  - id: q.8\n    quantize: { method: post-training, default: { granularity: tensor } }';
  for (const key of ['default.scheme', 'q.8.default.scheme']) {
    const points = pointsOf(recipe(steps, `{ ${key}: [int8-sym, int4-sym] }`));
    expect(points.map(stepsOf)).toEqual(
      ['int8-sym', 'int4-sym'].map((scheme) => [
        { id: 'q.8', quantize: { method: 'post-training', default: { granularity: 'tensor', scheme } } },
      ]),
    );
  }
  const wrong = parseRecipe(recipe(steps, '{ default.scheme: [int8-sym, int9-sym] }'));
  expect(wrong.problems).toMatchObject([{ code: 'option/choice', fix: { text: 'int8-sym' } }]);
});

test('the same digits mean the same result, whatever its output', () => {
  const text = recipe(RANDOM, '{ sparsity: [0.5, 0.9] }');
  const ids = pointsOf(text).map(({ id }) => id);
  expect(new Set(ids).size).toBe(2);
  expect(pointsOf(text.replace('out/a', 'elsewhere/b')).map(({ id }) => id)).toEqual(ids);
  // Another value more leaves those that are there as they are.
  expect(
    pointsOf(text.replace('0.9]', '0.9, 0.95]'))
      .map(({ id }) => id)
      .slice(0, 2),
  ).toEqual(ids);
  expect(pointsOf(text.replace('erk', 'er')).map(({ id }) => id)).not.toContain(ids[0]);
});

test('an output that is a folder gives folders', () => {
  const [point] = pointsOf(recipe(RANDOM, '{ sparsity: [0.5] }').replace('out/a.safetensors', 'out/model/'));
  expect(parse(point!.text).output).toBe(`out/model.sweep/sparsity-0.5-${point!.id}`);
});

describe('problems stand where they are', () => {
  /** `‹…›` marks where the problem stands. */
  test.each([
    [MAGNITUDE, '‹[1, 2]›', 'recipe/type', 'sweep names options and for each a list of values.', undefined],
    [
      MAGNITUDE,
      '{ sparsity: ‹[]› }',
      'recipe/sweep-size',
      'sparsity has no value: there would be no point.',
      undefined,
    ],
    [MAGNITUDE, '{ sparsity: [0.5, ‹80›] }', 'option/range', /80 looks like a percentage/, '0.8'],
    [MAGNITUDE, '{ scope: [model, ‹modle›] }', 'option/choice', /scope/, 'model'],
    [MAGNITUDE, '{ sparsity: [0.5, ‹0.5›] }', 'recipe/sweep-twice', 'sparsity lists 0.5 twice.', undefined],
    [MAGNITUDE, '{ sparsity: [‹[0.5]›] }', 'recipe/type', 'sparsity lists numbers, texts, true or false.', undefined],
    [
      MAGNITUDE,
      '{ ‹sparsty›: [0.5] }',
      'recipe/sweep-unknown',
      'No step has an option sparsty. Options are sparsity, scope, method, seed.',
      'sparsity',
    ],
    [
      MAGNITUDE,
      '{ method: [magnitude, ‹magnitud›] }',
      'recipe/unknown-method',
      /There is no method magnitud/,
      'magnitude',
    ],
    [
      `${MAGNITUDE}\n${RANDOM}`,
      '{ ‹method›: [magnitude, random] }',
      'recipe/sweep-ambiguous',
      'It is not clear whose methods these are: name the step, as in prune-1.method.',
      undefined,
    ],
  ] as const)('%s, sweep: %s', (steps, marked, code, message, fix) => {
    const whole = recipe(steps, marked);
    const [from, to] = [whole.indexOf('‹'), whole.indexOf('›') - 1];
    const { recipe: found, problems } = parseRecipe(whole.replace(/[‹›]/g, ''));
    const problem = problems.find((candidate) => candidate.code === code);
    expect(problem).toMatchObject({ from, to });
    if (typeof message === 'string') expect(problem!.message).toBe(message);
    else expect(problem!.message).toMatch(message);
    expect(problem!.fix?.text).toBe(fix);
    expect(found).toBeNull();
  });

  test('too many points', () => {
    const values = Array.from({ length: 20 }, (_, i) => i / 20);
    const seeds = Array.from({ length: 13 }, (_, i) => i);
    const { problems } = parseRecipe(recipe(RANDOM, JSON.stringify({ sparsity: values, seed: seeds })));
    expect(problems).toMatchObject([
      { code: 'recipe/sweep-size', message: 'The sweep has 260 points; at most 256 are run.' },
    ]);
  });

  test('a seed that changes nothing is a warning', () => {
    const { recipe: found, problems } = parseRecipe(recipe(MAGNITUDE, '{ seed: [1, 2] }'));
    expect(problems).toMatchObject([{ code: 'recipe/sweep-no-effect', severity: 'warning' }]);
    expect(found!.sweep).toEqual([{ key: 'seed', values: [1, 2] }]);
  });
});
