import fc from 'fast-check';
import { expect, test } from 'vitest';
import { globMatcher } from './glob.js';

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
