import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bar, shorten, tableLines } from './table.js';

test('the middle of a long name gives way', () =>
  expect(shorten('layer4.1.bottleneck.conv2.weight', 20)).toBe('layer4.…conv2.weight'));

test('no line is wider than the terminal while the shrinking column can give way', () =>
  fc.assert(
    fc.property(
      fc.array(fc.stringMatching(/^[a-z.]{1,60}$/), { minLength: 1 }),
      fc.integer({ min: 40, max: 120 }),
      (names, width) => {
        const lines = tableLines(
          [
            { head: 'layer', align: 'left', shrinks: true },
            { head: 'zero %', align: 'right' },
          ],
          names.map((name) => [name, '12.3']),
          width,
        );
        for (const line of lines) expect([...line].length).toBeLessThanOrEqual(width);
      },
    ),
  ));

test.each([
  [0, ''],
  [1, '██████████'],
  [0.713, '███████▏'],
])('a bar for %d', (share, text) => expect(bar(share, 10)).toBe(text));
