import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createNumbers } from './numbers.js';

const en = createNumbers('en');

test.each([
  [0, '0'],
  [2_010_120, '2,010,120'],
  [-45, '−45'],
])('integer %d is %s', (n, text) => expect(en.integer(n)).toBe(text));

test.each([
  [999, '999', ''],
  [36_864, '36,864', ''],
  [999_499, '999,499', ''],
  [999_500, '1.00', 'M'],
  [11_173_962, '11.2', 'M'],
  [124_439_808, '124', 'M'],
  [999_600_000, '1.00', 'B'],
  [7_241_732_096, '7.24', 'B'],
])('count %d is %s %s', (n, value, unit) => expect(en.count(n)).toEqual({ value, unit }));

test.each([
  [0, '0', 'B'],
  [104, '104', 'B'],
  [999.6, '1.00', 'kB'],
  [20_480, '20.5', 'kB'],
  [44_700_000, '44.7', 'MB'],
  [44_750_000_000, '44.8', 'GB'],
])('%d bytes are %s %s', (n, value, unit) => expect(en.bytes(n)).toEqual({ value, unit }));

describe('percent', () => {
  test.each([
    [0, 10, '0'],
    [10, 10, '100'],
    [8, 10, '80.0'],
    [1, 1_000_000, '<0.1'],
    [5, 10_000, '0.1'],
    [999_999, 1_000_000, '>99.9'],
    [9994, 10_000, '99.9'],
  ])('%d of %d is %s', (part, whole, text) => expect(en.percent(part, whole)).toBe(text));

  test('0 and 100 are said only when exact', () =>
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 40 }), fc.double({ min: 0, max: 1, noNaN: true }), (whole, share) => {
        const part = Math.round(whole * share);
        expect(en.percent(part, whole) === '0').toBe(part === 0);
        expect(en.percent(part, whole) === '100').toBe(part === whole);
      }),
    ));
});

describe('value', () => {
  test.each([
    [0, '0'],
    [-0, '0'],
    [-0.0031, '−0.00310'],
    [0.0009999, '0.00100'],
    [0.00031, '3.10e−4'],
    [-1.5e-12, '−1.50e−12'],
    [0.0626, '0.0626'],
    [0.99951, '1.00'],
    [12.345, '12.3'],
    [123.456, '123'],
    [4567, '4,567'],
    [1e6, '1.00e6'],
    [Number.NaN, 'NaN'],
    [Number.POSITIVE_INFINITY, '∞'],
    [Number.NEGATIVE_INFINITY, '−∞'],
  ])('%d is %s', (x, text) => expect(en.value(x)).toBe(text));

  test('what is written is within half of the third digit', () =>
    fc.assert(
      fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (x) => {
        fc.pre(x !== 0);
        const back = Number(en.value(x).replaceAll('−', '-').replaceAll(',', ''));
        expect(Math.abs(back - x)).toBeLessThanOrEqual(Math.abs(x) * 0.00501 + Math.max(0, Math.abs(x) - 999) * 0.001);
      }),
    ));
});

test('signs are written, also for what rounds to nothing', () => {
  expect(en.signed(0.18, 2)).toBe('+0.18');
  expect(en.signed(-0.18, 2)).toBe('−0.18');
  expect(en.signed(0.001, 1)).toBe('0.0');
  expect(en.signed(-0.001, 1)).toBe('0.0');
  expect(en.signedInteger(40_698)).toBe('+40,698');
  expect(en.signedValue(0.0627)).toBe('+0.0627');
  expect(en.signedValue(0)).toBe('0');
});

test('the locale decides separators; an unknown one is English', () => {
  const de = createNumbers('de');
  expect(de.integer(2_010_120)).toBe('2.010.120');
  expect(de.percent(8, 10)).toBe('80,0');
  expect(de.value(-0.0031)).toBe('−0,00310');
  expect(createNumbers('not a tag').integer(1000)).toBe('1,000');
});
