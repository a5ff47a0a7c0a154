import { expect, test } from 'vitest';

test('SIMD pays, with wide margins for a busy machine', { timeout: 120_000 }, async () => {
  process.env.ESPALIER_BENCH_ROUNDS = '3';
  const { run } = await import('./kernels.bench.js');
  const [table] = await run();
  const ratioOf = (name: string): number => table!.rows.find((row) => row.name.startsWith(name))!.ratio!.value;
  for (const name of ['scanFloat32', 'digestBlocks', 'nmGroups along rows', 'zeroBlocks']) {
    expect(ratioOf(name), name).toBeGreaterThan(2);
  }
});
