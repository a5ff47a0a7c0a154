import { attempt, FaultError } from '@espalier/base';
import { type ByteSource, memorySource } from '@espalier/tensor';
import { join, type ZipMember, zipBytes } from '@espalier/testkit';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { crc32 } from './crc32.js';
import { firstEntryName, readZip } from './zip.js';

// Seconds of work on a machine that does nothing else.
vi.setConfig({ testTimeout: 60_000 });

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const open = (bytes: Uint8Array) => readZip(memorySource('x.zip', bytes));
const codeOf = async (run: () => Promise<unknown>): Promise<string> => {
  const result = await attempt(run);
  return result.ok ? 'none' : result.fault.code;
};

/** `toEqual` takes its time over megabytes. */
const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;

/** Compressible, and different at every place. */
function plausible(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i % 97 < 60 ? 0 : (i * i) >> 7));
}

const arbMembers = fc.uniqueArray(
  fc.record({
    name: fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' }).filter((name) => !name.endsWith('/')),
    bytes: fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.nat({ max: 70_000 }).map(plausible)),
    method: fc.constantFrom('stored' as const, 'deflated' as const),
    zip64: fc.boolean(),
    streamed: fc.boolean(),
    padding: fc.nat({ max: 80 }),
  }),
  { selector: (member) => new TextDecoder().decode(text(member.name)), maxLength: 6 },
);
const arbOptions = fc.record({
  comment: fc.string({ maxLength: 30 }).filter((comment) => !comment.includes('PK')),
  prefix: fc.uint8Array({ maxLength: 20 }),
  zip64: fc.boolean(),
});

test('what was written is read, in any form of the format', () =>
  fc.assert(
    fc.asyncProperty(arbMembers, arbOptions, fc.nat(), async (members, options, seed) => {
      const source = memorySource('x.zip', zipBytes(members as ZipMember[], options));
      const zip = await readZip(source);
      expect(zip.entries.map((entry) => text(entry.name))).toEqual(members.map((member) => text(member.name)));
      for (const [index, entry] of zip.entries.entries()) {
        const { bytes, method } = members[index]!;
        expect(entry.sizeBytes).toBe(bytes.length);
        expect(entry.method).toBe(method);
        const inner = entry.open();
        const begin = bytes.length === 0 ? 0 : seed % bytes.length;
        const length = Math.floor((bytes.length - begin) / 2);
        expect(same(await inner.read(begin, length), bytes.slice(begin, begin + length))).toBe(true);
        expect(same(await inner.read(0, bytes.length), bytes)).toBe(true);
        if (method === 'stored') expect(same(await source.read(await entry.locate(), bytes.length), bytes)).toBe(true);
      }
    }),
    { numRuns: 60 },
  ));

describe('a large deflated entry', () => {
  const bytes = plausible(3_000_000);
  const archive = zipBytes([{ name: 'a', bytes, method: 'deflated' }]);

  test('is inflated on the way, forward and back', async () => {
    const inner = (await open(archive)).find('a')!.open();
    for (const [begin, length] of [
      [0, 100],
      [100, 50_000],
      [2_999_990, 10],
      [5, 3],
      [1_500_000, 1_000_000],
      [2_500_000, 500_000],
    ] as const) {
      expect(same(await inner.read(begin, length), bytes.slice(begin, begin + length))).toBe(true);
    }
  });

  test('serves reads that overlap in time', async () => {
    const inner = (await open(archive)).find('a')!.open();
    const begins = [2_000_000, 0, 1_000_000, 10];
    const parts = await Promise.all(begins.map((begin) => inner.read(begin, 1000)));
    expect(parts).toEqual(begins.map((begin) => bytes.slice(begin, begin + 1000)));
  });

  test('is read lazily: its beginning costs its first bytes', async () => {
    let bytesRead = 0;
    const memory = memorySource('x.zip', archive);
    const read: ByteSource['read'] = (begin, length) => {
      bytesRead += length;
      return memory.read(begin, length);
    };
    const counting: ByteSource = { ...memory, read };
    const zip = await readZip(counting);
    bytesRead = 0;
    await zip.find('a')!.open().read(0, 64);
    expect(bytesRead).toBeLessThan(2000);
  });

  test('stops when it is told to', async () => {
    const inner = (await open(archive)).find('a')!.open();
    await expect(inner.read(0, 10, AbortSignal.abort())).rejects.toThrow('aborted');
    expect(await inner.read(0, 10)).toEqual(bytes.slice(0, 10));
  });

  test('is refused when its last byte is wrong', async () => {
    const spoilt = archive.slice();
    // The checksum in the directory: 16 bytes behind its signature.
    const at = spoilt.length - 22 - 47 + 16;
    spoilt[at]! ^= 1;
    const inner = (await open(spoilt)).find('a')!.open();
    expect(await codeOf(() => inner.read(0, 1000))).toBe('none');
    expect(await codeOf(() => inner.read(2_999_000, 1000))).toBe('zip/inflate');
  });
});

describe('archives that lie', () => {
  const two = (): Uint8Array =>
    zipBytes([
      { name: 'a', bytes: text('aaaa') },
      { name: 'b', bytes: text('bbbb') },
    ]);
  const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer);
  /** Offset of the n-th line of the directory. Each line of `two` has 47 bytes. */
  const line = (bytes: Uint8Array, n: number): number => bytes.length - 22 - 94 + 47 * n;

  test('entries that overlap', async () => {
    const bytes = two();
    view(bytes).setUint32(line(bytes, 1) + 42, 10, true);
    expect(await codeOf(() => open(bytes))).toBe('zip/overlap');
  });

  test('an entry that reaches into the directory', async () => {
    const bytes = two();
    view(bytes).setUint32(line(bytes, 1) + 20, 40, true);
    view(bytes).setUint32(line(bytes, 1) + 24, 40, true);
    expect(await codeOf(() => open(bytes))).toBe('zip/overlap');
  });

  test('a local header that grows into the next entry', async () => {
    const bytes = two();
    view(bytes).setUint16(28, 1, true);
    expect(await codeOf(async () => (await open(bytes)).find('a')!.locate())).toBe('zip/overlap');
  });

  test('a local header of another file', async () => {
    const bytes = two();
    bytes[30] = 0x62;
    expect(await codeOf(async () => (await open(bytes)).find('a')!.open().read(0, 4))).toBe('zip/local-header');
  });

  test('a growth that deflate cannot reach', async () => {
    const bytes = zipBytes([{ name: 'a', bytes: plausible(1000), method: 'deflated' }]);
    view(bytes).setUint32(bytes.length - 22 - 47 + 24, 2_000_000_000, true);
    expect(await codeOf(() => open(bytes))).toBe('zip/bomb');
  });

  test('gigabytes from a small archive', async () => {
    const bytes = new Uint8Array(500_000);
    const members = Array.from({ length: 3000 }, (_, i) => ({
      name: `m${i}`,
      bytes,
      method: 'deflated' as const,
    }));
    expect(await codeOf(() => open(zipBytes(members)))).toBe('zip/bomb');
  });

  test('an encrypted entry and an unknown method cannot be opened, others can', async () => {
    const bytes = two();
    view(bytes).setUint16(line(bytes, 0) + 8, 0x801, true);
    view(bytes).setUint16(line(bytes, 1) + 10, 12, true);
    const zip = await open(bytes);
    expect(zip.entries.map((entry) => entry.method)).toEqual(['unsupported', 'unsupported']);
    expect(() => zip.find('a')!.open()).toThrow(FaultError);
    expect(() => zip.find('b')!.open()).toThrow('cannot be read');
  });

  test('every cut is a truncation', async () => {
    const bytes = two();
    for (let length = 0; length < bytes.length; length++) {
      expect(await codeOf(() => open(bytes.slice(0, length)))).toBe('checkpoint/truncated');
    }
  });

  test('bytes behind the archive are tolerated', async () => {
    expect((await open(join([two(), text('and more')]))).entries.map((entry) => entry.name)).toEqual(['a', 'b']);
  });
});

test('siblings of an entry are the entries of its folder, and nothing outside', async () => {
  const zip = await open(
    zipBytes([
      { name: 'm/a', bytes: text('1') },
      { name: 'm/b', bytes: text('22') },
      { name: 'c', bytes: text('3') },
    ]),
  );
  const a = zip.find('m/a')!.open();
  expect(a.name).toBe('a');
  expect(await a.siblingNames()).toEqual(['a', 'b']);
  const b = await a.sibling('b');
  expect(b.ok && b.value.sizeBytes).toBe(2);
  expect(await a.sibling('../c')).toMatchObject({ fault: { code: 'path/outside-folder' } });
  expect(await a.sibling('c')).toMatchObject({ fault: { code: 'path/not-found' } });
});

test('of entries with one name the last counts', async () => {
  const zip = await open(
    zipBytes([
      { name: 'a', bytes: text('old') },
      { name: 'a', bytes: text('new') },
    ]),
  );
  expect(await zip.find('a')!.open().read(0, 3)).toEqual(text('new'));
});

test.each([
  ['123456789', 0xcbf43926],
  ['', 0],
  ['The quick brown fox jumps over the lazy dog', 0x414fa339],
])('CRC-32 of %j', (input, expected) => {
  expect(crc32(text(input))).toBe(expected);
  const half = Math.floor(input.length / 2);
  expect(crc32(text(input.slice(half)), crc32(text(input.slice(0, half))))).toBe(expected);
});

test('the first entry tells archives apart', () => {
  expect(firstEntryName(zipBytes([{ name: 'arr_0.npy', bytes: text('x') }]))).toBe('arr_0.npy');
  expect(firstEntryName(text('PK'))).toBe('');
});
