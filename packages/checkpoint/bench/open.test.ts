import { expect, test } from 'vitest';
import { run } from './open.bench.js';

test('opening keeps its promise, with room for a busy machine', { timeout: 120_000 }, async () => {
  for (const { name, minMs, limitMs, tensors, fileBytes, bytesRead } of await run(5)) {
    expect(tensors, name).toBeGreaterThanOrEqual(300);
    expect(bytesRead, name).toBeLessThan(fileBytes / 20);
    expect(minMs, name).toBeLessThan(3 * limitMs);
  }
});
