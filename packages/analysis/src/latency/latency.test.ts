import { idleWork, seeded } from '@espalier/base';
import { type Kernels, kernels, plainKernels } from '@espalier/kernels';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fittingPart } from './layerProduct.js';
import { measureLayer } from './measureLayer.js';
import { raceTimings } from './race.js';

describe('a race', () => {
  test('repeats short calculations within a lap, and tells medians and quartiles', async () => {
    let at = 0;
    const durations: Record<string, number[]> = { quick: [0.125], slow: [5, 5, 9, 4, 5, 6, 5, 7] };
    const calls: string[] = [];
    const runner = (name: string) => ({
      name,
      run: () => {
        const mine = durations[name]!;
        at += mine[calls.filter((call) => call === name).length % mine.length]!;
        calls.push(name);
      },
    });
    const options = { now: () => at, rounds: 5, budgetMs: 1000 };
    const [quick, slow] = await raceTimings([runner('quick'), runner('slow')], options, idleWork());
    // Two runs to warm up, then laps of four.
    expect(calls.filter((call) => call === 'quick')).toHaveLength(2 + 5 * 4);
    expect(quick).toEqual({ name: 'quick', medianMs: 0.125, lowMs: 0.125, highMs: 0.125, runs: 5 });
    expect(slow).toEqual({ name: 'slow', medianMs: 5, lowMs: 5, highMs: 6, runs: 5 });
    expect(calls.slice(4)).toEqual(Array.from({ length: 5 }, () => [...Array(4).fill('quick'), 'slow']).flat());
  });

  test('waits for what gives a promise', async () => {
    let at = 0;
    const run = async (): Promise<void> => {
      await new Promise((resolve) => setImmediate(resolve));
      at += 2;
    };
    const options = { now: () => at, rounds: 3, budgetMs: 1000 };
    expect(await raceTimings([{ name: 'later', run }], options, idleWork())).toMatchObject([{ medianMs: 2, runs: 3 }]);
  });

  test('ends when its time is used up, after three rounds at least', async () => {
    let at = 0;
    const run = (): void => {
      at += 40;
    };
    const options = { now: () => at, rounds: 100, budgetMs: 50 };
    expect((await raceTimings([{ name: 'a', run }], options, idleWork()))[0]!.runs).toBe(3);
    expect((await raceTimings([{ name: 'a', run }], { ...options, budgetMs: 210 }, idleWork()))[0]!.runs).toBe(6);
  });

  test('stops between laps when it is aborted', async () => {
    const controller = new AbortController();
    let runs = 0;
    const run = (): void => {
      if (++runs === 4) controller.abort(new Error('stop'));
    };
    const options = { now: () => runs, rounds: 100, budgetMs: 1e9 };
    await expect(raceTimings([{ name: 'a', run }], options, idleWork(controller.signal))).rejects.toThrow('stop');
    expect(runs).toBe(4);
  });
});

describe('the part of a product that is timed', () => {
  test('is the whole where that fits', () =>
    expect(fittingPart({ rows: 512, inner: 1024, columns: 196 })).toEqual({
      rows: 512,
      inner: 1024,
      columns: 196,
      times: 1,
    }));

  test('fits, and goes so many times into the whole', () =>
    fc.assert(
      fc.property(
        fc.record({
          rows: fc.integer({ min: 1, max: 100_000 }),
          inner: fc.integer({ min: 1, max: 50_000 }),
          columns: fc.integer({ min: 1, max: 50_000 }),
        }),
        (whole) => {
          const part = fittingPart(whole);
          expect(part.rows * part.columns * part.times).toBeCloseTo(whole.rows * whole.columns, 2);
          expect(part.rows).toBeGreaterThan(0);
          expect(part.columns).toBeGreaterThan(0);
          expect(
            37 * part.rows * part.inner + 5 * part.inner * part.columns + 9 * part.rows * part.columns,
          ).toBeLessThan(48 * 2 ** 20);
        },
      ),
    ));
});

describe('a layer', () => {
  /** Kernels that note what is asked of them. */
  function noting(): { k: Kernels; asked: string[] } {
    const asked: string[] = [];
    const real = plainKernels();
    const noted = <Name extends keyof Kernels>(name: Name, of: (args: unknown[]) => string): Partial<Kernels> => ({
      [name]: (...args: unknown[]) => {
        asked.push(of(args));
        return (real[name] as (...all: unknown[]) => unknown)(...args);
      },
    });
    const shapeOf = ([, , , shape]: unknown[]): string => {
      const { rows, inner, columns } = shape as Record<string, number>;
      return `${rows}×${inner} by ${columns}`;
    };
    const k = {
      ...real,
      ...noted('gemmFloat32', shapeOf),
      ...noted('csrFloat32', ([a]) => `${(a as { values: Float32Array }).values.length} numbers`),
      ...noted('blocks4x1Float32', ([a]) => `${(a as { columnOf: Int32Array }).columnOf.length} blocks`),
      ...noted('gemmInt8', (args) => `int8 ${shapeOf(args)}`),
    } as Kernels;
    return { k, asked };
  }

  const options = { now: () => performance.now(), rounds: 3, budgetMs: 20 };

  test('is computed in every way that its zeros allow', async () => {
    const { k, asked } = noting();
    // Row 1 is 0, and so is column 2.
    const weights = Float32Array.of(1, 0, 0, 2, 0, 0, 0, 0, 3, 4, 0, 0, 0, 0, 0, 5, 6, 0, 0, 0);
    const part = { rows: 5, inner: 4, columns: 3, times: 1 };
    const timings = await measureLayer(weights, part, k, options, idleWork());
    expect(timings.map(({ name }) => name)).toEqual(['dense', 'csr', 'block-4x1', 'channels-removed', 'int8']);
    expect([...new Set(asked)]).toEqual([
      '5×4 by 3',
      '6 numbers',
      // Columns 0, 1 and 3 of the first four rows, column 0 of the fifth.
      '4 blocks',
      '4×3 by 3',
      'int8 5×4 by 3',
    ]);
  });

  test('that was re-grouped is computed block by block too, and quicker than dense, on any machine', async () => {
    const rng = seeded(5);
    const weights = Float32Array.from({ length: 256 * 256 }, (_, at) =>
      Math.floor(at / 256) % 8 === Math.floor((at % 256) / 32) ? rng.normal() : 0,
    );
    const part = { rows: 256, inner: 256, columns: 64, times: 1 };
    const timings = await measureLayer(weights, part, kernels(), { ...options, rounds: 9, budgetMs: 500 }, idleWork());
    expect(timings.map(({ name }) => name)).toEqual(['dense', 'csr', 'block-4x1', 'regrouped', 'int8']);
    const of = (name: string): number => timings.find((timing) => timing.name === name)!.lowMs;
    expect(of('dense') / of('regrouped')).toBeGreaterThan(2);
  });

  test('without zeros is dense, and times are of the whole', async () => {
    const part = { rows: 2, inner: 3, columns: 4, times: 1000 };
    let at = 0;
    const timings = await measureLayer(
      Float32Array.of(1, 2, 3, 4, 5, 6),
      part,
      plainKernels(),
      { ...options, now: () => at++ },
      idleWork(),
    );
    expect(timings.map(({ name }) => name)).toEqual(['dense', 'int8']);
    expect(timings[0]).toMatchObject({ medianMs: 1000, lowMs: 1000, highMs: 1000 });
  });

  test('with 95 % of blocks empty is quicker by blocks than dense, on any machine', async () => {
    const rng = seeded(4);
    const kept = Uint8Array.from({ length: 64 * 256 }, () => (rng.next() < 0.95 ? 0 : 1));
    const weights = Float32Array.from({ length: 256 * 256 }, (_, at) =>
      kept[Math.floor(at / 1024) * 256 + (at % 256)] === 0 ? 0 : rng.normal(),
    );
    const part = { rows: 256, inner: 256, columns: 64, times: 1 };
    const timings = await measureLayer(weights, part, kernels(), { ...options, rounds: 9, budgetMs: 500 }, idleWork());
    const of = (name: string): number => timings.find((timing) => timing.name === name)!.lowMs;
    expect(of('dense') / of('block-4x1')).toBeGreaterThan(2);
  });
});
