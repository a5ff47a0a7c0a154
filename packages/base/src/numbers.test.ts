import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bytesText, compactCount, percentText, valueText } from './numbers.js';

test.each([
  [11_173_962, '11.2 M'],
  [589_824, '590 k'],
  [999_500, '1 M'],
  [999, '999'],
  [0, '0'],
  [1_500_000_000, '1.5 G'],
])('%i parameters read %s', (count, text) => expect(compactCount(count)).toBe(text));

test.each([
  [44_700_000, '44.7 MB'],
  [4_096, '4.1 kB'],
  [12, '12 B'],
  [9.2e15, '9.2 PB'],
])('%i bytes read %s', (bytes, text) => expect(bytesText(bytes)).toBe(text));

test.each([
  [0, 10, '0 %'],
  [10, 10, '100 %'],
  [1, 100_000, '< 0.1 %'],
  [99_999, 100_000, '> 99.9 %'],
  [713, 1000, '71.3 %'],
])('%i of %i is %s', (part, whole, text) => expect(percentText(part, whole)).toBe(text));

test('0 % and 100 % are said only when exact', () =>
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1e9 }), fc.integer({ min: 0, max: 1e9 }), (whole, raw) => {
      const part = raw % (whole + 1);
      const text = percentText(part, whole);
      expect(text === '0 %').toBe(part === 0);
      expect(text === '100 %').toBe(part === whole);
    }),
  ));

test.each([
  [-0.0031, '−0.0031'],
  [1.2041e-9, '1.204e−9'],
  [0, '0'],
  [Number.NEGATIVE_INFINITY, '−∞'],
])('the value %d reads %s', (value, text) => expect(valueText(value)).toBe(text));
