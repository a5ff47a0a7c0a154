import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { completionSiteAt, findReferences, LANGUAGES, referenceAt } from './index.js';

// Thousands of parses each, on machines that may be busy.
vi.setConfig({ testTimeout: 120_000 });

const SEED = 20_240_611;

/** Real programs and documents, each with the language an editor gives it. */
const SAMPLES: readonly [file: string, language: string][] = [
  ['train.py', 'python'],
  ['infer.tsx.txt', 'typescriptreact'],
  ['infer.tsx.txt', 'typescript'],
  ['config.jsonc.txt', 'jsonc'],
  ['config.yaml', 'yaml'],
  ['config.toml', 'toml'],
  ['readme.md', 'markdown'],
  ['explore.ipynb', 'ipynb'],
];

const read = (file: string): string => readFileSync(new URL(`../test/samples/${file}`, import.meta.url), 'utf8');

/** What holds for every text whatever. */
function checkLaws(text: string, language: string): void {
  const references = findReferences(text, language);
  for (const list of [references.checkpoints, references.layers]) {
    let before = 0;
    for (const { begin, end } of list) {
      if (!(begin >= before && begin <= end && end <= text.length))
        throw new Error(`range ${begin}..${end} of ${text.length}`);
      before = begin;
    }
  }
  for (const { begin, end, path, direction, certain } of references.checkpoints) {
    if (path === '' || (direction === 'output' && certain)) throw new Error(`${path} ${direction}`);
    if (begin === end || referenceAt(references, begin) === null) throw new Error(`nothing at ${begin}`);
  }
}

function checkSite(text: string, language: string, offset: number): void {
  const site = completionSiteAt(text, language, offset);
  if (site === null) return;
  if (!(0 <= site.begin && site.begin <= offset && offset <= site.end && site.end <= text.length)) {
    throw new Error(`site ${site.begin}..${site.end} at ${offset} of ${text.length}`);
  }
  // In a notebook the prefix is the cell's text, without the escapes of JSON.
  if (language !== 'ipynb') expect(text.slice(site.begin, offset)).toBe(site.prefix);
}

describe('cut anywhere, a text still has lawful answers', () => {
  test.each(SAMPLES)('%s as %s', (file, language) => {
    const text = read(file);
    for (let length = 0; length <= text.length; length++) {
      const cut = text.slice(0, length);
      checkLaws(cut, language);
      if (length % 3 === 0) checkSite(cut, language, length);
    }
  });
});

describe('with a piece missing, a text still has lawful answers', () => {
  test.each(SAMPLES)('%s as %s', (file, language) => {
    const text = read(file);
    fc.assert(
      fc.property(fc.nat(text.length), fc.integer({ min: 1, max: 40 }), fc.nat(text.length), (at, length, cursor) => {
        const broken = text.slice(0, at) + text.slice(at + length);
        checkLaws(broken, language);
        checkSite(broken, language, Math.min(cursor, broken.length));
      }),
      { seed: SEED, numRuns: 60 },
    );
  });
});

/** Pieces of which code is made, so that chance reaches behind the first token. */
const PIECES = [
  ...[
    'torch.load(',
    'f(',
    '"m.pt"',
    "'a.b.c'",
    '"',
    "'",
    '`',
    '"""',
    '\\',
    ')',
    '(',
    '[',
    ']',
    '{',
    '}',
    ',',
    ':',
    '.',
    '=',
    '\n',
    '  ',
    '- ',
  ],
  ...[
    '# ',
    '//',
    'import torch as t',
    'from a import b',
    'x',
    'self.a',
    'f"{',
    '${',
    '0',
    'if ',
    ' else ',
    'def f(',
    'const ',
    'await ',
    '<A ',
    '/>',
  ],
  ...[
    'model.layer1[0]',
    '|',
    '>',
    '!t ',
    '&a ',
    '[[',
    '```python\n',
    '](',
    '\r\n',
    '\ud800',
    '😀',
    'weights',
    '"cells"',
    '"source"',
    '\u0000',
    '%',
    '*',
  ],
];

describe('any text has lawful answers', () => {
  test.each(LANGUAGES.map((language) => [language]))('%s', (language) => {
    const soup = fc.array(fc.constantFrom(...PIECES), { maxLength: 60 }).map((pieces) => pieces.join(''));
    const text = fc.oneof(soup, fc.string({ unit: 'binary', maxLength: 80 }));
    fc.assert(
      fc.property(text, fc.nat(100), (some, cursor) => {
        checkLaws(some, language);
        checkSite(some, language, Math.min(cursor, some.length));
      }),
      { seed: SEED, numRuns: 150 },
    );
  });
});

/** Path without the folders that a join put before it: a range holds the last literal, escapes undone or not. */
describe('a range is the inner text of its literal', () => {
  test.each(SAMPLES)('%s as %s', (file, language) => {
    const text = read(file);
    const { checkpoints } = findReferences(text, language);
    expect(checkpoints.length).toBeGreaterThan(0);
    for (const { begin, end, path, via } of checkpoints) {
      const raw = text.slice(begin, end);
      expect(raw).not.toMatch(/^["'`]|[\n]$/);
      if (!raw.includes('\\') && via !== 'import') {
        expect(
          path.replaceAll("'", '').endsWith(raw.replaceAll("''", '').replaceAll("'", '').replace('file://', '')),
        ).toBe(true);
      }
      if (via !== 'link' && via !== 'code' && language !== 'yaml') expect(`"'\`<`).toContain(text[begin - 1]);
    }
  });
});

test('an unknown language has no references', () =>
  expect(findReferences('torch.load("m.pt")', 'rust').checkpoints).toEqual([]));

describe('hostile nesting comes back', () => {
  test.each([
    ['python', '('],
    ['python', 'f(x, '],
    ['python', 'a.b().'],
    ['python', '-'],
    ['typescript', '-'],
    ['typescript', '`${'],
    ['json', '[{"a":'],
    ['yaml', '- '],
    ['yaml', 'a: '],
    ['yaml', '['],
    ['toml', 'a=['],
    ['markdown', '[a]('],
    ['markdown', '> '],
    ['ipynb', '{"cells":['],
  ])('%s: %s', (language, unit) => checkLaws(unit.repeat(20_000 / unit.length), language));
});
