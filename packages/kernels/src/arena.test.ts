import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Arena, type Region } from './arena.js';

test('pieces never overlap, and everything comes back', () =>
  fc.assert(
    fc.property(
      fc.array(fc.record({ bytes: fc.integer({ min: 0, max: 3000 }), give: fc.boolean(), which: fc.nat() }), {
        maxLength: 60,
      }),
      (steps) => {
        const arena = new Arena(new ArrayBuffer(16_384), 100, 16_300);
        const held: Region[] = [];
        for (const { bytes, give, which } of steps) {
          if (give && held.length > 0) {
            const [region] = held.splice(which % held.length, 1);
            region!.release();
            region!.release();
          } else {
            const region = arena.take(bytes);
            if (region !== null) held.push(region);
          }
          const sorted = [...held].sort((a, b) => a.byteOffset - b.byteOffset);
          sorted.forEach((region, i) => {
            expect(region.byteOffset).toBeGreaterThanOrEqual(128);
            expect(region.byteOffset + region.byteLength).toBeLessThanOrEqual(sorted[i + 1]?.byteOffset ?? 16_300);
          });
        }
        for (const region of held) region.release();
        expect(arena.take(16_128)).not.toBeNull();
      },
    ),
  ));
