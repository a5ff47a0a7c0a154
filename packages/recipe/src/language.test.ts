import fc from 'fast-check';
import { expect, test } from 'vitest';
import { completeRecipe } from './complete.js';
import { recipeHover } from './hover.js';
import { parseRecipe } from './parse.js';

/** `|` marks the cursor. */
function cursor(marked: string): { readonly text: string; readonly offset: number } {
  return { text: marked.replace('|', ''), offset: marked.indexOf('|') };
}

const hover = (marked: string): string | null => {
  const { text, offset } = cursor(marked);
  return recipeHover(parseRecipe(text), offset)?.markdown ?? null;
};

test.each([
  ['inp|ut: a.pt', /^\*\*input\*\* · The checkpoint/],
  ['steps:\n  - pru|ne: magnitude', /^\*\*prune\*\* takes one of these methods:\n\n- `magnitude`: Zero the weights/],
  ['steps:\n  - prune: magni|tude', /^\*\*magnitude\*\* · Zero the weights.*\n\n- `sparsity`: Fraction/],
  ['steps:\n  - prune: { method: magni|tude }', /^\*\*magnitude\*\* · Zero/],
  [
    'steps:\n  - prune: { method: magnitude, spars|ity: 0.5 }',
    /^\*\*sparsity\*\* · Fraction of weights set to zero\. 0 to less than 1, default 0\.5\.$/,
  ],
  ['steps:\n  - prune: { method: magnitude, scope: mod|el }', /^\*\*model\*\* · All layers together/],
  ['budget: { si|ze: 1 MB }', /^\*\*size\*\* · Bytes on disk/],
  ['exclude: { lay|ers: [] }', /^\*\*layers\*\* · Globs over names/],
  ['steps:\n  - structure: re|fill', /^\*\*refill\*\* · Fill/],
  ['swe|ep: {}', /^\*\*sweep\*\* · Options and the values/],
  ['steps:\n  - prune: random\nsweep: { ra|tio: [erk] }', /^\*\*ratio\*\* · /],
  ['steps:\n  - prune: random\nsweep: { ratio: [er|k] }', /^\*\*erk\*\* · /],
  ['steps:\n  - prune: random\nsweep: { prune-1.sparsi|ty: [0.5] }', /^\*\*prune-1.sparsity\*\* · Fraction/],
  ['steps:\n  - prune: magnitude\nsweep: { me|thod: [random] }', /^\*\*method\*\* · The methods of a step/],
  ['steps:\n  - prune: magnitude\nsweep: { method: [rand|om] }', /^\*\*random\*\* · Zero/],
  ['steps:\n  - prune: magnitude\nsweep: { se|ed: [1] }', /^\*\*seed\*\* · Seeds of chance/],
])('a hover on %s says what it means', (marked, expected) => expect(hover(marked)).toMatch(expected));

test.each(['# no|thing', 'input: a|.pt', 'steps:\n  - prune: { method: none, x|: 1 }', '|'])(
  'a hover on %s says nothing',
  (marked) => expect(hover(marked)).toBeNull(),
);

const labels = (marked: string, layers: readonly string[] = []): string[] => {
  const { text, offset } = cursor(marked);
  return completeRecipe(text, offset, layers).items.map(({ label }) => label);
};

test.each([
  ['|', ['input', 'exclude', 'steps', 'output', 'devices', 'budget', 'evaluate', 'seed', 'sweep']],
  ['input: a.pt\nst|', ['input', 'exclude', 'steps', 'output', 'devices', 'budget', 'evaluate', 'seed', 'sweep']],
  ['steps:\n  - |', ['prune', 'structure', 'quantize', 'id', 'exclude']],
  ['steps:\n  - pr|', ['prune', 'structure', 'quantize', 'id', 'exclude']],
  ['steps:\n  - prune: |', ['magnitude', 'random', 'n-m', 'block', 'channel', 'mask']],
  ['steps:\n  - prune: { method: | }', ['magnitude', 'random', 'n-m', 'block', 'channel', 'mask']],
  ['steps:\n  - prune: { method: magnitude, | }', ['sparsity', 'scope']],
  ['steps:\n  - prune:\n      method: magnitude\n      sc|', ['sparsity', 'scope']],
  ['steps:\n  - prune: { method: magnitude, scope: | }', ['model', 'layer']],
  ['steps:\n  - structure: { method: refill, mode: c| }', ['paper', 'compat']],
  ['steps:\n  - prune: magnitude\nsweep: { | }', ['sparsity', 'scope', 'method', 'seed']],
  ['steps:\n  - prune: magnitude\nsweep:\n  sparsity: [0.5]\n  sc|', ['scope', 'method', 'seed']],
  ['steps:\n  - prune: magnitude\nsweep: { method: [|] }', ['magnitude', 'random', 'n-m', 'block', 'channel', 'mask']],
  ['steps:\n  - prune: magnitude\nsweep: { sparsity: [0.5, |] }', ['0.5', '0.7', '0.8', '0.9', '0.95']],
  ['exclude: { | }', ['layers', 'roles', 'minElements', 'allBut', 'preset']],
  ['budget: { size: 1 MB, | }', ['sparsity', 'pattern', 'latency', 'accuracy', 'forbid']],
  ['budget:\n  pattern: [{ match: fc, is: | }]', ['1:2', '2:4', '1:4', '4:8', '4x1', '1x4', '4x4', '16x16']],
  ['exclude: { preset: s| }', ['none', 'structure-lth']],
  ['exclude: { layers: [|] }', ['layer1.**', 'layer1.0.**', 'layer1.0.conv.weight', 'fc.weight']],
])('at %s these are offered', (marked, expected) =>
  expect(labels(marked, ['layer1.0.conv.weight', 'fc.weight'])).toEqual(expected),
);

test('what is offered replaces the word at the cursor', () => {
  const { text, offset } = cursor('steps:\n  - prune: { method: magnitude, spar|sit }');
  const { from, to, items } = completeRecipe(text, offset);
  expect(text.slice(from, to)).toBe('sparsit');
  expect(items[0]).toMatchObject({
    label: 'sparsity',
    insert: 'sparsity: ',
    detail: 'Fraction of weights set to zero. 0 to less than 1',
  });
});

test('whatever is written, hovers and completions answer', () => {
  const words = fc.constantFrom(
    'input',
    'steps',
    'sweep',
    'prune',
    'magnitude',
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
    '?',
    '|',
  );
  fc.assert(
    fc.property(
      fc.array(words, { maxLength: 25 }).map((all) => all.join(' ')),
      fc.nat(60),
      (text, at) => {
        const offset = Math.min(at, text.length);
        recipeHover(parseRecipe(text), offset);
        const { from, to } = completeRecipe(text, offset);
        return from <= offset && offset <= to && to <= text.length;
      },
    ),
    { numRuns: 300 },
  );
});
