import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { attempt, seeded } from '@espalier/base';
import { memorySource } from '@espalier/tensor';
import { fixturesFolder, tableBytes } from '@espalier/testkit';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { crc32c } from './crc32c.js';
import { unpackSnappy } from './snappy.js';
import { readTable } from './table.js';

const text = (bytes: Uint8Array): string => new TextDecoder('latin1').decode(bytes);

async function entriesOf(bytes: Uint8Array): Promise<[string, string][]> {
  const entries: [string, string][] = [];
  for await (const { key, value } of readTable(memorySource('table', bytes))) entries.push([text(key), text(value)]);
  return entries;
}

test('a table that LevelDB wrote, packed with snappy', async () => {
  const bytes = new Uint8Array(readFileSync(join(fixturesFolder, 'leveldb/snappy.ldb')));
  const entries = await entriesOf(bytes);
  // LevelDB puts eight bytes of its own behind every key.
  expect(entries.map(([key, value]) => [key.slice(0, -8), value])).toEqual(
    Array.from({ length: 120 }, (_, i) => [
      `layer/${String(i).padStart(3, '0')}/kernel`,
      `value ${i} `.repeat(1 + (i % 9)),
    ]),
  );
});

test('what was written is read, whatever the sizes of blocks', async () => {
  const arbEntries = fc.dictionary(fc.string({ maxLength: 20 }), fc.string({ maxLength: 40 }), { maxKeys: 60 });
  await fc.assert(
    fc.asyncProperty(
      arbEntries,
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: 5 }),
      async (record, perBlock, restart) => {
        const utf8 = new TextEncoder();
        const entries = Object.entries(record)
          .map(([key, value]) => [utf8.encode(key), utf8.encode(value)] as const)
          .sort(([a], [b]) => (text(a) < text(b) ? -1 : 1));
        const read = await entriesOf(tableBytes(entries, perBlock, restart));
        expect(read).toEqual(entries.map(([key, value]) => [text(key), text(value)]));
      },
    ),
    { seed: 7 },
  );
});

test('a changed byte is found by its checksum', async () => {
  const bytes = tableBytes([[Uint8Array.of(1), Uint8Array.of(2)]]);
  bytes[3]! ^= 1;
  expect(await attempt(() => entriesOf(bytes))).toMatchObject({
    ok: false,
    fault: { code: 'leveldb/checksum', offset: 0 },
  });
});

test('CRC-32C of the examples of RFC 3720', () => {
  expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  expect(crc32c(new Uint8Array(32).fill(255))).toBe(0x62a8ab43);
  expect(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i))).toBe(0x46dd794e);
});

test('snappy: literals, near and far copies, copies that overlap themselves', () => {
  const packed = (...bytes: (number | string)[]): Uint8Array =>
    Uint8Array.from(bytes.flatMap((part) => (typeof part === 'string' ? [...new TextEncoder().encode(part)] : [part])));
  const unpacked = (bytes: Uint8Array, limit = 1000): string | null => {
    const out = unpackSnappy(bytes, limit);
    return out === null ? null : text(out);
  };
  expect(unpacked(packed(3, 2 << 2, 'abc'))).toBe('abc');
  // A copy of 6 from 3 back repeats what it writes.
  expect(unpacked(packed(9, 2 << 2, 'abc', ((6 - 4) << 2) | 1, 3))).toBe('abcabcabc');
  expect(unpacked(packed(5, 2 << 2, 'abc', ((2 - 1) << 2) | 2, 3, 0))).toBe('abcab');
  expect(unpacked(packed(5, 2 << 2, 'abc', ((2 - 1) << 2) | 3, 3, 0, 0, 0))).toBe('abcab');
  // Literals of 61 bytes and more state their length in bytes of their own.
  expect(unpacked(packed(70, 60 << 2, 69, 'x'.repeat(70)))).toBe('x'.repeat(70));
});

test.each([
  ['empty', []],
  ['a length without end', [0x80, 0x80, 0x80, 0x80, 0x80, 0x80]],
  ['a literal that runs out', [10, 9 << 2, 97]],
  ['a copy from before the beginning', [4, 0, 97, (0 << 2) | 1, 2]],
  ['a copy from nowhere', [4, 0, 97, (0 << 2) | 1, 0]],
  ['more than its length', [1, 2 << 2, 97, 98, 99]],
  ['less than its length', [9, 2 << 2, 97, 98, 99]],
  ['larger than the limit', [0xff, 0xff, 0xff, 0xff, 0x0f, 0, 97]],
])('snappy: %s is no block', (_, bytes) => expect(unpackSnappy(Uint8Array.from(bytes), 1000)).toBeNull());

test('snappy: noise ends', () => {
  const rng = seeded(7);
  for (let round = 0; round < 5000; round++) {
    const bytes = Uint8Array.from({ length: rng.below(60) }, () => rng.below(256));
    const out = unpackSnappy(bytes, 500);
    expect(out === null || out.length <= 500).toBe(true);
  }
});
