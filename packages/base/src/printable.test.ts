import fc from 'fast-check';
import { expect, test } from 'vitest';
import { printable } from './printable.js';

test.each([
  ['\u001b]0;pwn\u0007name', '\\x1b]0;pwn\\x07name'],
  ['a\nb', 'a\\x0ab'],
  ['\u202egnp.exe', '\\u202egnp.exe'],
  ['layer1.0.conv1.weight', 'layer1.0.conv1.weight'],
  ['Größe/重み', 'Größe/重み'],
])('%j is shown as %j', (text, shown) => expect(printable(text)).toBe(shown));

test('what is printed holds no control character', () =>
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(printable(text)).not.toMatch(/\p{Cc}/u);
    }),
  ));
