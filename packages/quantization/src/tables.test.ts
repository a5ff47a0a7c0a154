import { describe, expect, test } from 'vitest';
import type { Cells, Granularity } from './cells.js';
import { type ClipMethod, clipValue } from './clip.js';
import { integerProduct } from './integerProduct.js';
import { histogramOf, klClip } from './klClip.js';
import { packRows } from './pack.js';
import type { Quantizer } from './quantizer.js';
import { type QuantizedTensor, quantizeTensor } from './quantizeTensor.js';
import { CellRanges } from './ranges.js';
import { correctedBias, planMixed, smoothingFactors } from './refinements.js';
import { clamp, roundHalfEven } from './roundHalfEven.js';
import { SCHEMES } from './scheme.js';
import { tensor, uniform } from './testing/tensor.js';

const WHOLE: Granularity = { kind: 'tensor' };

const quantized = (
  values: ArrayLike<number>,
  scheme: string,
  shape: readonly number[] = [values.length],
  granularity: Granularity = WHOLE,
  clip: ClipMethod = 'max',
  percentile = 100,
): QuantizedTensor =>
  quantizeTensor(Float32Array.from(values), shape, {
    scheme: SCHEMES.get(scheme) as Quantizer['scheme'],
    granularity,
    clip,
    percentile,
  });

/** Of the first cell, before it is rounded to f32. */
function meanMagnitude(values: Float32Array, cells: Cells): number {
  const ranges = new CellRanges(cells);
  ranges.add(values, 0);
  return ranges.meanMagnitudes()[0]!;
}

/** Relative 1e−9 for errors, 1e−6 dB. */
const near = (value: number): number => expect.closeTo(value, 12 - Math.ceil(Math.log10(value)) - 2) as never;
const decibels = (value: number): number => expect.closeTo(value, 6) as never;

test('the generator of the tables', () => {
  const next = uniform(1);
  expect([next(), next(), next(), next()]).toEqual([
    0.6270739405881613, 0.002735721180215478, 0.5274470399599522, 0.9810509674716741,
  ]);
  expect([...tensor(42, 2)]).toEqual([0.5715941190719604, -0.4006209075450897]);
});

test.each([
  ['int8-sym', [-85, -42, -21, 0, 8, 25, 59, 127], 0.011811023578047752, null, 1.2186908541e-5, 46.293261],
  ['int4-sym', [-5, -2, -1, 0, 0, 1, 3, 7], 0.2142857164144516, null, 4.0114796724e-3, 21.119151],
  ['int8-asym', [0, 51, 77, 102, 112, 133, 173, 255], 0.009803921915590763, 102, 7.3288633765e-6, 48.50183],
  ['int4-asym', [0, 3, 5, 6, 7, 8, 10, 15], 0.1666666716337204, 6, 1.7013885619e-3, 24.844161],
] as const)('eight numbers as %s', (scheme, codes, scale, zero, mse, sqnr) => {
  const found = quantized([-1, -0.5, -0.25, 0, 0.1, 0.3, 0.7, 1.5], scheme);
  expect([...found.codes]).toEqual(codes);
  expect([found.scales[0], found.zeros?.[0] ?? null]).toEqual([scale, zero]);
  expect(found.error).toMatchObject({ mse: near(mse), sqnrDb: decibels(sqnr) });
});

describe('two rows', () => {
  const rows = [0.5, -1, 0.25, -0.25, 2, -0.5, -1.5, 0];
  const channel: Granularity = { kind: 'channel', axis: 0 };

  test('binary, by row and together', () => {
    const found = quantized(rows, 'binary', [2, 4], channel);
    expect([...found.scales]).toEqual([0.5, 1]);
    expect([...found.codes]).toEqual([1, -1, 1, -1, 1, -1, -1, 1]);
    const each = [rows.slice(0, 4), rows.slice(4)].map((row) => quantized(row, 'binary').error);
    expect(each[0]).toMatchObject({ mse: 0.09375, sqnrDb: decibels(5.642714304) });
    expect(each[1]).toMatchObject({ mse: 0.625, sqnrDb: decibels(4.14973347) });
    expect(quantized(rows, 'binary', [2, 4]).scales[0]).toBe(0.75);
  });

  test('as int8, by row', () => {
    const found = quantized(rows, 'int8-sym', [2, 4], channel);
    expect([...found.codes]).toEqual([64, -127, 32, -32, 127, -32, -95, 0]);
    expect([...found.scales]).toEqual([0.007874015718698502, 0.015748031437397003]);
  });
});

test('groups of four have their own scales', () => {
  const values = [0.1, -0.2, 0.3, -0.7, 7, -3.5, 1.75, 0];
  const found = quantized(values, 'int4-sym', [1, 8], { kind: 'group', size: 4, columns: 8 });
  expect([...found.codes]).toEqual([1, -2, 3, -7, 7, -4, 2, 0]);
  expect([...found.scales]).toEqual([0.10000000149011612, 1]);
  expect(found.error).toMatchObject({ mse: near(0.0390625), sqnrDb: decibels(23.17679) });
  const whole = quantized(values, 'int4-sym');
  expect([...whole.codes]).toEqual([0, 0, 0, -1, 7, -4, 2, 0]);
  expect([whole.scales[0], whole.error.mse.toFixed(10)]).toEqual([1, '0.0678125020']);
});

const X = tensor(42, 4096);

test.each([
  [8, 0.013637366704642773, 1540, 1.5543313574e-5, 43.206039, 0.013445732183754444, 129, 1.5407670615e-5, 43.244105],
  [6, 0.055869210511446, 397, 2.6300022441e-4, 30.921914, 0.05442320182919502, 32, 2.4939149125e-4, 31.152658],
  [4, 0.2474207878112793, 76, 5.1720185829e-3, 17.984874, 0.22857744991779327, 8, 4.3336854883e-3, 18.752901],
  [2, 1.731945514678955, 33, 0.22155776146, 1.666605, 1.1428872346878052, 2, 0.10978851492, 4.715906],
])('4096 numbers in %d bits', (bits, scale, sum, mse, sqnr, asymScale, zero, asymMse, asymSqnr) => {
  const sym = quantized(X, `int${bits}-sym`);
  expect([sym.scales[0], sym.codes.reduce((total, code) => total + code, 0)]).toEqual([scale, sum]);
  expect(sym.error).toMatchObject({ mse: near(mse), sqnrDb: decibels(sqnr) });
  const asym = quantized(X, `int${bits}-asym`);
  expect([asym.scales[0], asym.zeros![0]]).toEqual([asymScale, zero]);
  expect(asym.error).toMatchObject({ mse: near(asymMse), sqnrDb: decibels(asymSqnr) });
});

test('4096 numbers as signs', () => {
  const found = quantized(X, 'binary');
  expect(meanMagnitude(X, found.cells)).toBe(0.4605014071752862);
  expect(found.scales[0]).toBe(Math.fround(0.4605014071752862));
  expect(found.error).toMatchObject({ mse: near(0.1131361584), sqnrDb: decibels(4.58546) });
});

describe('outliers', () => {
  const Y = X.map((value, i) => (i % 512 === 0 ? value * 8 : value));
  test.each([
    ['max', 100, 5.7415175, 33.340656, 5.7415175, 8.048371],
    ['percentile', 99, 1.4354042411, 12.968083, 1.4354042411, 12.21331],
    ['percentile', 99.9, 4.2159702635, 24.314403, 4.2159702635, 10.639904],
    ['percentile', 99.99, 5.7104552073, 33.362783, 5.7104552073, 8.096088],
    ['mse', 100, 5.6841023684, 33.373547, 2.1817766666, 12.74575],
    ['kl', 100, 1.6344261367, 13.515564, 1.6989060701, 12.485351],
  ] as const)('cut by %s %d', (method, percentile, clip8, sqnr8, clip4, sqnr4) => {
    for (const [bits, clip, sqnr] of [
      [8, clip8, sqnr8],
      [4, clip4, sqnr4],
    ] as const) {
      expect(clipValue(Y, method, bits, percentile)).toBeCloseTo(clip, 7);
      const { error } = quantized(Y, `int${bits}-sym`, [4096], WHOLE, method, percentile);
      // 1e−6 dB, of figures that are rounded to as much.
      expect(Math.abs(error.sqnrDb! - sqnr)).toBeLessThan(1.5e-6);
    }
  });

  test('the divergence is that of the table', () => {
    const max = Y.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const histogram = histogramOf(Y, max);
    expect(klClip(histogram, max, 8)).toMatchObject({ bins: 583, divergence: expect.closeTo(0.0494110799, 10) });
    expect(klClip(histogram, max, 4)).toMatchObject({ bins: 606, divergence: expect.closeTo(0.0640221146, 10) });
  });
});

describe('a product of signs and codes', () => {
  const weights = tensor(7, 2048).map((value) => value * Math.fround(0.02));
  const inputs = tensor(9, 256).map((value) => Math.max(value, -1));
  const w = quantized(weights, 'binary', [32, 64], { kind: 'channel', axis: 0 });

  test.each([
    [8, 0.011720078997313976, [15, -253, -77, -107, 445, 343, 241, -15], -1810, 5.254583],
    [6, 0.04801451787352562, [4, -60, -20, -28, 110, 86, 60, -2], -448, 5.256342],
  ])('W1A%d', (bits, scale, first, sum, sqnr) => {
    const x = quantized(inputs, `int${bits}-sym`, [4, 64]);
    expect(x.scales[0]).toBe(scale);
    const found = integerProduct(
      { codes: x.codes, rows: 4, columns: 64, largest: 2 ** (bits - 1) - 1, zero: 0 },
      { codes: w.codes, rows: 32, columns: 64, largest: 1, zero: 0 },
    );
    if (!found.ok) throw new Error(found.fault.message);
    expect([...found.value.subarray(0, 8)]).toEqual(first);
    expect(found.value.reduce((total, value) => total + value, 0)).toBe(sum);
    let [signal, noise] = [0, 0];
    for (let f = 0; f < 4; f++) {
      for (let m = 0; m < 32; m++) {
        let truth = 0;
        for (let n = 0; n < 64; n++) truth += inputs[f * 64 + n]! * weights[m * 64 + n]!;
        signal += truth ** 2;
        noise += (truth - found.value[f * 32 + m]! * x.scales[0]! * w.scales[m]!) ** 2;
      }
    }
    expect(10 * Math.log10(signal / noise)).toBeCloseTo(sqnr, 6);
  });

  test('packs to 256 bytes, the first in the lowest bit', () => {
    expect(meanMagnitude(weights, w.cells)).toBe(0.009776166463325353);
    const bytes = packRows(
      w.codes.map((code) => (code > 0 ? 1 : 0)),
      64,
      1,
    );
    expect([...bytes.subarray(0, 8)]).toEqual([144, 153, 55, 238, 232, 122, 251, 189]);
    const fnv = bytes.reduce((hash, byte) => Math.imul(hash ^ byte, 0x01000193) >>> 0, 0x811c9dc5);
    expect([bytes.length, fnv]).toEqual([256, 0xace3b1bc]);
  });
});

describe('refinements', () => {
  test('smoothing shares the burden', () => expect(smoothingFactors([8, 2], [0.5, 2])).toEqual([4, 1]));

  test('a corrected bias takes back the average shift', () =>
    expect([...correctedBias([1], [0.5, -0.25], [0.25, -0.5], [2, 4])]).toEqual([1 + 0.25 * 2 + 0.25 * 4]));

  test('mixed precision spends the budget where it takes away most error', () => {
    const layer = (parameters: number, errors: readonly number[]) => ({
      parameters,
      choices: [2, 4, 8].map((bits, i) => ({ bits, error: errors[i]! })),
    });
    const layers = [layer(100, [9, 3, 1]), layer(400, [10, 2, 1]), layer(100, [1, 0.5, 0.1])];
    expect(planMixed(layers, 300)).toEqual({ bits: [4, 4, 4], bytes: 300, error: 5.5 });
    expect(planMixed(layers, 149)).toBeNull();
    expect(planMixed(layers, 150)).toMatchObject({ bits: [2, 2, 2], bytes: 150 });
  });
});

test('scales in half precision are the nearest ones, and codes follow from them', () => {
  const options = {
    scheme: SCHEMES.get('int4-sym') as Quantizer['scheme'],
    granularity: WHOLE,
    clip: 'max',
    percentile: 100,
  } as const;
  const found = quantizeTensor(X, [4096], { ...options, scaleType: 'F16' });
  // 0.24742079 lies between 0.24731445 and 0.24743652, the neighbours at steps of 2^−13.
  expect(found.scales[0]).toBe(0.2474365234375);
  expect([...found.codes]).toEqual(Array.from(X, (x) => clamp(roundHalfEven(x / 0.2474365234375), -7, 7)));
});
