import { idleWork, seeded } from '@espalier/base';
import { type Kernels, kernels, plainKernels } from '@espalier/kernels';
import { describe, expect, test } from 'vitest';
import { fittingPart } from './layerProduct.js';
import { measureGroups } from './measureGroups.js';

const options = { now: () => performance.now(), rounds: 3, budgetMs: 20 };

/** Kernels that tell what each call left in its output. */
function watched(): { k: Kernels; outputs: Map<string, number[][]> } {
  const outputs = new Map<string, number[][]>();
  const real = plainKernels();
  const watch = (name: 'gemmFloat32' | 'csrFloat32' | 'blocks4x1Float32') => ({
    [name]: (a: never, b: never, c: Float32Array, last: never) => {
      (real[name] as (...all: unknown[]) => void)(a, b, c, last);
      const known = outputs.get(name) ?? [];
      outputs.set(name, known);
      known.push([...c]);
    },
  });
  return { k: { ...real, ...watch('gemmFloat32'), ...watch('csrFloat32'), ...watch('blocks4x1Float32') }, outputs };
}

function weightsOf(count: number, zeros: number): Float32Array {
  const rng = seeded(3);
  return Float32Array.from({ length: count }, () => (rng.next() < zeros ? 0 : rng.normal()));
}

describe('a convolution in groups', () => {
  test('gives the same in every way: each group has its own weights and inputs', async () => {
    const { k, outputs } = watched();
    const part = { rows: 4, inner: 6, columns: 5, times: 1, groups: 3 };
    const { ways } = await measureGroups(weightsOf(72, 0.5), part, k, options, idleWork());
    expect(ways.map(({ name }) => name)).toEqual(['dense', 'csr', 'block-4x1', 'int8']);
    const dense = outputs.get('gemmFloat32')!.slice(0, 3).flat();
    for (const name of ['csrFloat32', 'blocks4x1Float32']) {
      for (const output of outputs.get(name)!) {
        expect(output).toHaveLength(60);
        for (const [at, value] of output.entries()) expect(value).toBeCloseTo(dense[at]!, 5);
      }
    }
  });

  test('of single channels has no blocks, and loses the channels that are only zeros', async () => {
    const weights = weightsOf(8 * 9, 0);
    weights.fill(0, 18, 36);
    const part = { rows: 1, inner: 9, columns: 7, times: 1, groups: 8 };
    const { ways } = await measureGroups(weights, part, plainKernels(), options, idleWork());
    expect(ways.map(({ name }) => name)).toEqual(['dense', 'csr', 'channels-removed', 'int8']);
  });

  test('is dense in the quicker manner, and says which', async () => {
    const part = { rows: 1, inner: 9, columns: 196, times: 1, groups: 64 };
    let at = 0;
    const slow = (name: 'gemmFloat32' | 'csrFloat32') => ({
      [name]: () => {
        at += name === 'gemmFloat32' ? 1 : 10;
      },
    });
    const k = { ...plainKernels(), ...slow('gemmFloat32'), ...slow('csrFloat32'), gemmInt8: () => {} } as Kernels;
    const clocked = { ...options, now: () => at };
    const found = await measureGroups(weightsOf(576, 0), part, k, clocked, idleWork());
    // 64 calls of 1 ms each, or one of 10.
    expect(found).toMatchObject({ denseBy: 'every weight one by one', ways: [{ name: 'dense', medianMs: 10 }, {}] });
  });

  test('with 95 % zeros is quicker without them, on any machine', async () => {
    const part = { rows: 32, inner: 288, columns: 64, times: 1, groups: 8 };
    const { ways, denseBy } = await measureGroups(
      weightsOf(8 * 32 * 288, 0.95),
      part,
      kernels(),
      { ...options, rounds: 9, budgetMs: 500 },
      idleWork(),
    );
    const of = (name: string): number => ways.find((way) => way.name === name)!.lowMs;
    expect(of('dense') / of('csr')).toBeGreaterThan(2);
    expect(denseBy).toBe('a product for each group');
  });

  test('of more than fits is timed group by group as far as it fits', () => {
    expect(fittingPart({ rows: 1, inner: 9, columns: 12_544, groups: 32 })).toMatchObject({ groups: 32, times: 1 });
    const part = fittingPart({ rows: 1, inner: 9, columns: 12_544, groups: 960 });
    expect(part.groups).toBeGreaterThan(10);
    expect(part.groups! * part.times).toBeCloseTo(960);
  });
});
