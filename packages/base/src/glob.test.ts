import fc from 'fast-check';
import { expect, test } from 'vitest';
import { globMatcher } from './glob.js';
import { globMachine } from './globMachine.js';

test.each([
  ['layer1.*', 'layer1.conv', true],
  ['layer1.*', 'layer1.0.conv', false],
  ['layer1.**', 'layer1.0.conv.weight', true],
  ['**.weight', 'layer1.0.conv.weight', true],
  ['layer1', 'layer1.0.conv.weight', true],
  ['layer1', 'layer10.0', false],
  ['layer?.weight', 'layer4.weight', true],
  ['layer[12].weight', 'layer2.weight', true],
  ['layer[!12].weight', 'layer2.weight', false],
  ['{conv,fc}*.bias', 'fc1.bias', true],
  ['a+b(c)', 'a+b(c)', true],
])('%s and %s: %s', (pattern, name, matches) => expect(globMatcher(pattern)(name)).toBe(matches));

test('any text is a pattern, and matches itself when it has no wildcard', () =>
  fc.assert(
    fc.property(fc.string(), (text) => {
      const matches = globMatcher(text);
      if (!/[*?[{]/.test(text)) expect(matches(text)).toBe(true);
    }),
  ));

/** The definition, as an expression: slow where there are many stars. */
function byExpression(pattern: string): (name: string) => boolean {
  const short = pattern.replaceAll(/\*{2,}/g, '**');
  let source = '';
  for (let i = 0; i < short.length; i++) {
    const char = short[i]!;
    if (short.startsWith('**', i)) {
      source += '.*';
      i++;
    } else
      source +=
        ({ '*': '[^./]*', '?': '[^./]', '{': '(?:', '}': ')', ',': '|', '.': '\\.' } as Record<string, string>)[char] ??
        char;
  }
  const below = /[*?[{]/.test(pattern) ? '' : '(?:[./].*)?';
  return (name) => new RegExp(`^${source}${below}$`, 's').test(name);
}

test('the machine for many stars and the expression for few mean the same', () => {
  const part = fc.constantFrom('a', 'b', '.', '/', '*', '**', '?', '[ab]', '{a,b*}', '{a.,**}');
  const glob = fc.array(part, { maxLength: 7 }).map((parts) => parts.join('').replaceAll(/\*{3,}/g, '**'));
  const name = fc.array(fc.constantFrom('a', 'b', '.', '/'), { maxLength: 8 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(glob, name, (pattern, text) => {
      const below = !/[*?[{]/.test(pattern);
      const expected = byExpression(pattern)(text);
      expect([pattern, text, globMachine(pattern, below)!(text)]).toEqual([pattern, text, expected]);
      expect([pattern, text, globMatcher(pattern)(text)]).toEqual([pattern, text, expected]);
    }),
    { numRuns: 3000 },
  );
});

test('many stars take no time', () => {
  const started = performance.now();
  expect(globMatcher(`${'**a'.repeat(30)}z`)(`${'a'.repeat(500)}.weight`)).toBe(false);
  expect(globMatcher(`${'*a'.repeat(30)}*`)('a'.repeat(500))).toBe(true);
  // An expression would not come to an end.
  expect(performance.now() - started).toBeLessThan(2000);
});
