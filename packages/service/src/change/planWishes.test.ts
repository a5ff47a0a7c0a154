import { gzipSync } from 'node:zlib';
import { gzipSizeOfWindows } from '@espalier/analysis';
import { idleWork } from '@espalier/base';
import type { Plan, PlanQuery } from '@espalier/protocol';
import { expect, test } from 'vitest';
import { createEngine } from '../engine.js';
import type { FactsCache } from '../ports.js';
import { createService } from '../service.js';
import { MemoryFiles, safetensorsBytes } from '../testing/memoryFiles.js';

const never = new AbortController().signal;
const RECIPE = `input: model.safetensors
steps:
  - prune: { method: magnitude, sparsity: 0.75, scope: layer }
output: out/small.safetensors
`;
const values = (count: number): number[] => Array.from({ length: count }, (_, i) => Math.sin(i + 1));

function memoryCache(): FactsCache {
  const kept = new Map<string, unknown>();
  return {
    get: async (key) => structuredClone(kept.get(key) ?? null),
    put: async (key, value) => void kept.set(key, structuredClone(value)),
  };
}

function bench(cache: FactsCache | undefined = undefined, files = new MemoryFiles()) {
  const write = (scale: number): void => {
    files.write(
      '/work/model.safetensors',
      safetensorsBytes({
        'fc1.weight': { shape: [32, 64], values: values(2048).map((value) => value * scale) },
        'fc2.weight': { shape: [16, 32], values: values(512) },
        'fc2.bias': { shape: [16], values: values(16) },
      }),
    );
  };
  write(1);
  const engine = createEngine(files, () => performance.now());
  const asked: PlanQuery[] = [];
  const service = createService({
    files,
    runner: {
      width: 1,
      run: (kind, query, hooks) => {
        if (kind === 'plan') asked.push(query as PlanQuery);
        return engine.run(kind, query, hooks);
      },
    },
    machine: 'a machine',
    now: () => 0,
    settings: () => ({ limitBytes: 1e9, nearZeroRatio: 1e-8 }),
    ...(cache === undefined ? {} : { cache }),
  });
  const plan = async (wishes: Partial<PlanQuery> = {}): Promise<Plan> => {
    const answer = await service.plan({ recipe: RECIPE, folder: '/work', ...wishes }, never, () => {});
    if (answer.kind !== 'plan') throw new Error(JSON.stringify(answer));
    return answer.plan;
  };
  return { files, plan, asked, write };
}

test('sizes after gzip are those of zlib, of each layer and in all, before and after', async () => {
  const { plan } = bench();
  const { layers, totals } = await plan({ gzip: true });
  const zipped = (numbers: readonly number[]): number =>
    gzipSync(new Uint8Array(Float32Array.from(numbers).buffer)).length;
  const pruned = (numbers: readonly number[]): number[] => {
    const sorted = numbers
      .map(Math.fround)
      .map(Math.abs)
      .sort((a, b) => a - b);
    const threshold = sorted[numbers.length * 0.75 - 1]!;
    return numbers.map((value) => (Math.abs(Math.fround(value)) <= threshold ? 0 : value));
  };
  const [fc1, fc2, bias] = [values(2048), values(512), values(16)];
  expect(layers.map(({ sizes }) => [sizes.before.gzip?.bytes, sizes.after.gzip?.bytes])).toEqual([
    [zipped(fc1), zipped(pruned(fc1))],
    [zipped(fc2), zipped(pruned(fc2))],
    [zipped(bias), zipped(bias)],
  ]);
  expect(totals.sizes.before.gzip).toEqual({
    bytes: zipped(fc1) + zipped(fc2) + zipped(bias),
    obtained: { kind: 'exact' },
  });
  expect(totals.sizes.after.gzip!.bytes).toBeLessThan(totals.sizes.before.gzip!.bytes / 2);
  expect((await plan()).latency).toBeUndefined();
});

test('layers are timed when asked, and that is told again without timing, until the zeros are others', async () => {
  const cache = memoryCache();
  const files = new MemoryFiles();
  const first = bench(cache, files);
  expect((await first.plan()).latency).toBeUndefined();
  const measured = await first.plan({ measure: true });
  expect(measured.latency).toHaveLength(1);
  expect(measured.latency![0]!.before.how).toMatchObject({ kind: 'measured' });
  const ways = (plan: Plan): unknown => plan.layers.map(({ latency }) => latency?.ways.map(({ way }) => way) ?? []);
  expect(ways(measured)).toEqual([
    expect.arrayContaining(['dense', 'csr']),
    expect.arrayContaining(['dense', 'csr']),
    [],
  ]);
  // Another process on this machine knows it, asked or not.
  const second = bench(cache, files);
  expect((await second.plan()).latency).toEqual(measured.latency);
  expect((await second.plan({ measure: true })).layers).toEqual(measured.layers);
  expect(second.asked.map(({ measure }) => measure ?? false)).toEqual([false, false]);
  // With other values it is measured anew.
  second.write(2);
  expect((await second.plan()).latency).toBeUndefined();
  expect((await second.plan({ measure: true })).latency).toHaveLength(1);
  expect(second.asked.map(({ measure }) => measure ?? false)).toEqual([false, false, false, false, true]);
});

test('what was asked for earlier stays beside what is asked for now', async () => {
  const { plan } = bench(memoryCache());
  await plan({ gzip: true });
  const both = await plan({ measure: true });
  expect(both.latency).toHaveLength(1);
  expect(both.totals.sizes.after.gzip).not.toBeNull();
});

test('of more than 256 MB a sample of blocks is compressed, wherever tensors and windows begin', async () => {
  // Half of each MiB is zero, half has the same noise: every block takes the same.
  const unit = new Uint8Array(1 << 20);
  for (let i = 0; i < 1 << 19; i++) unit[i] = (Math.imul(i + 1, 2654435761) >>> 11) & 255;
  const tensor = (begin: number, end: number) => ({
    byteLength: end - begin,
    async *windows() {
      for (let at = begin; at < end; ) {
        const offset = at & (unit.length - 1);
        const stop = Math.min(unit.length, offset + 300_000, offset + end - at);
        yield unit.subarray(offset, stop);
        at += stop - offset;
      }
    },
  });
  const total = 300 * (1 << 20);
  const found = await gzipSizeOfWindows([tensor(0, 7_654_321), tensor(7_654_321, total)], idleWork());
  const exact = gzipSync(unit).length * 300;
  expect(found!.obtained).toMatchObject({ kind: 'sampled' });
  expect(Math.abs(found!.bytes / exact - 1)).toBeLessThan(0.001);
}, 60_000);
