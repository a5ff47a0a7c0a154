import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { parseRecipe } from '../parse.js';
import { globsOf } from './targetGlobs.js';
import { translateRecipe } from './translateRecipe.js';

/** Steps of the translation, which our own parser takes without a problem, and what is said of the rest. */
function translated(text: string) {
  const found = translateRecipe(text, 'model.pt')!;
  if (found.recipe !== null) expect(parseRecipe(found.recipe).problems).toEqual([]);
  return {
    tool: found.tool,
    steps: found.recipe === null ? null : parse(found.recipe).steps,
    notes: found.notes.map(({ message, from, to }) => [message, text.slice(from, to)]),
  };
}

test('SparseML: magnitude, constant and training modifiers, with variables, in the front matter of Markdown', () =>
  expect(
    translated(`---
target: &target 0.85
training_modifiers:
  - !EpochRangeModifier
    start_epoch: 0.0
    end_epoch: 10
pruning_modifiers:
  - !GMPruningModifier
    params: [layer1.0.conv1.weight, "re:layer4\\\\..*"]
    init_sparsity: 0.05
    final_sparsity: *target
    start_epoch: 1.0
  - !GlobalMagnitudePruningModifier
    params: __ALL_PRUNABLE__
    final_sparsity: 0.9
  - !ConstantPruningModifier
    params: __ALL_PRUNABLE__
---
# About it
`),
  ).toEqual({
    tool: 'SparseML',
    steps: [
      {
        prune: { method: 'magnitude', sparsity: 0.85, scope: 'layer' },
        exclude: { allBut: ['layer1.0.conv1.weight', 'layer4.**'] },
      },
      { prune: { method: 'magnitude', sparsity: 0.9, scope: 'model' } },
    ],
    notes: [
      ['EpochRangeModifier has no equivalent: it is about training.', expect.stringContaining('start_epoch')],
      [
        'GMPruningModifier: nothing is trained: the final sparsity comes at once, without init_sparsity, start_epoch.',
        expect.stringContaining('params: [layer1'),
      ],
      [
        'ConstantPruningModifier has no equivalent: nothing is needed for it: weights that are zero stay zero, since nothing is trained.',
        expect.stringContaining('params'),
      ],
    ],
  }));

test('llm-compressor: quantization by groups, with layers that are kept; SparseGPT is listed', () =>
  expect(
    translated(`sparsity_stage:
  sparsity_modifiers:
    SparseGPTModifier: { sparsity: 0.5, mask_structure: '2:4', targets: ['re:model.layers.\\d*$'] }
quantization_stage:
  run_type: !!python/object/apply:llmcompressor.recipe.stage.StageRunType [oneshot]
  quantization_modifiers:
    QuantizationModifier:
      ignore: [lm_head, 're:.*gate$']
      config_groups:
        group_0:
          weights: { num_bits: 4, type: int, symmetric: true, strategy: group, group_size: 64 }
          targets: [Linear]
        group_1:
          weights: { num_bits: 8, symmetric: false, strategy: channel }
          targets: ['re:.*down_proj']
`),
  ).toEqual({
    tool: 'llm-compressor',
    steps: [
      {
        quantize: {
          method: 'post-training',
          default: { scheme: 'int4-sym', granularity: 'group', groupSize: 64 },
          rules: [
            { match: 'lm_head', scheme: 'keep' },
            { match: '**gate', scheme: 'keep' },
            { match: '**gate.**', scheme: 'keep' },
            { match: '**down_proj**', scheme: 'int8-asym', granularity: 'channel' },
          ],
        },
        exclude: { roles: ['conv', 'depthwise-conv', 'transposed-conv'] },
      },
    ],
    notes: [
      [
        'SparseGPTModifier has no equivalent: it chooses weights by what layers get as input, which needs data; `prune: n-m` makes the same pattern from magnitudes alone.',
        'SparseGPTModifier',
      ],
      [
        'QuantizationModifier: the first and the last layer stay as they are unless a rule names them.',
        'QuantizationModifier',
      ],
    ],
  }));

const one = (name: string, fields: object) =>
  translated(JSON.stringify({ s_stage: { s_modifiers: { [name]: fields } } }));

test.each([
  [
    'MagnitudePruningModifier',
    { final_sparsity: 0.5, targets: ['Linear'], mask_structure: '2:4' },
    { prune: { method: 'n-m', n: 2, m: 4 }, exclude: { roles: ['conv', 'depthwise-conv', 'transposed-conv'] } },
  ],
  [
    'GMPruningModifier',
    { final_sparsity: 0.5, mask_type: [1, 4] },
    { prune: { method: 'block', sparsity: 0.5, shape: '1x4' } },
  ],
  [
    'GMPruningModifier',
    { final_sparsity: 0.5, global_sparsity: true, params: 'fc' },
    { prune: { method: 'magnitude', sparsity: 0.5, scope: 'model' }, exclude: { allBut: ['fc'] } },
  ],
  [
    'MagnitudePruningModifier',
    { final_sparsity: { 0.8: ['a'] } },
    { prune: { method: 'magnitude', sparsity: 0.8, scope: 'layer' }, exclude: { allBut: ['a'] } },
  ],
  [
    'QuantizationModifier',
    { scheme: 'W8A8', targets: 'Linear', ignore: ['lm_head'] },
    {
      quantize: {
        method: 'post-training',
        default: { scheme: 'int8-sym', granularity: 'channel' },
        rules: [{ match: 'lm_head', scheme: 'keep' }],
      },
      exclude: { roles: ['conv', 'depthwise-conv', 'transposed-conv'] },
    },
  ],
  [
    'QuantizationModifier',
    { scheme: { weights: { num_bits: 8, symmetric: false } } },
    { quantize: { method: 'post-training', default: { scheme: 'int8-asym', granularity: 'tensor' } } },
  ],
])('%s %j', (name, fields, step) => expect(one(name, fields).steps).toEqual([step]));

test.each([
  ['WandaPruningModifier', { sparsity: 0.5 }, 'which needs data'],
  ['GPTQModifier', { scheme: 'W4A16' }, 'it adjusts weights to data'],
  ['QuantizationModifier', { scheme: 'FP8_DYNAMIC' }, 'there is no scheme FP8_DYNAMIC'],
  ['GMPruningModifier', { final_sparsity: 'eval(x)' }, 'its sparsity is the expression eval(x)'],
  ['GMPruningModifier', { final_sparsity: 0.5, params: ['re:(?!a).*'] }, 'the expression re:(?!a).* is no glob'],
  ['GMPruningModifier', { final_sparsity: 0.5, mask_type: 'filter' }, 'there is no mask of the type filter'],
  ['StructuredPruningModifier', {}, 'it removes channels'],
  ['FooModifier', {}, 'it is not known here'],
])('%s %j has no equivalent: %s', (name, fields, why) => {
  const { steps, notes } = one(name, fields);
  expect(steps).toBeNull();
  expect(notes[0]![0]).toContain(why);
});

test.each([
  ['layer1.0', ['layer1.0']],
  ['re:.*q_proj.weight', ['**q_proj.weight**']],
  ['re:model.layers.\\d+$', ['model.layers.*', 'model.layers.*.**']],
  ['re:^encoder\\.(q|k)\\.weight$', ['encoder.{q,k}.weight', 'encoder.{q,k}.weight.**']],
  ['re:block[0-3]', ['block[0-3]**']],
  ['re:a{2}', null],
  ['re:(a|b)+', null],
])('%s is %j', (name, globs) => expect(globsOf(name)).toEqual(globs));

test.each(['', 'a: 1', 'input: a.pt\nsteps: []', 'modifiers: [a]', 'x_modifiers: { a: 1 }', 'a: [', '- 1'])(
  '%j is no recipe of another tool',
  (text) => expect(translateRecipe(text)).toBeNull(),
);

test('without a checkpoint a name stands for it, and that is said', () =>
  expect(translateRecipe('m_modifiers:\n  - !GMPruningModifier { final_sparsity: 0.5 }\n')!.recipe).toBe(
    '# From a recipe of SparseML.\n# Recipes of SparseML do not name the checkpoint: model.safetensors stands for it.\ninput: model.safetensors\nsteps:\n  - prune:\n      method: magnitude\n      sparsity: 0.5\n      scope: layer\n',
  ));

test('whatever the fields, a translation is a recipe without problems or says why there is none', () => {
  const name = fc.constantFrom(
    'GMPruningModifier',
    'QuantizationModifier',
    'MagnitudePruningModifier',
    'SparseGPTModifier',
  );
  const key = fc.constantFrom(
    'final_sparsity',
    'params',
    'targets',
    'ignore',
    'mask_type',
    'mask_structure',
    'scheme',
    'config_groups',
    'weights',
    'num_bits',
    'global_sparsity',
    '__proto__',
  );
  const leaf = fc.oneof(
    fc.constantFrom('re:.*', 'Linear', 'fc', 'W8A8', '2:4', 'channel', 're:['),
    fc.double(),
    fc.integer({ min: -2, max: 20 }),
    fc.boolean(),
    fc.constant(null),
  );
  const value = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      leaf,
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(key, tie('value'), { maxKeys: 3 }),
    ),
  })).value;
  fc.assert(
    fc.property(name, fc.dictionary(key, value), (modifier, fields) => {
      const found = translateRecipe(JSON.stringify({ a_modifiers: { [modifier]: fields } }), 'a.pt');
      if (found?.recipe != null) expect(parseRecipe(found.recipe).problems).toEqual([]);
      else expect(found === null || found.notes.length > 0).toBe(true);
    }),
    { numRuns: 500 },
  );
});
