import { attempt } from '@espalier/base';
import { type ByteSource, memorySource } from '@espalier/tensor';
import {
  flatBytes,
  flatFloats,
  flatInts,
  flatLongs,
  flatNumber,
  flatTable,
  flatTables,
  flatText,
  writeFlatbuffer,
} from '@espalier/testkit';
import { describe, expect, test } from 'vitest';
import { Pages, rootTable, type Table } from './index.js';

const read = <T>(bytes: Uint8Array, from: (root: Table) => T): Promise<T> =>
  new Pages(memorySource('m.tflite', bytes)).run((view) => from(rootTable(view)));
const faultOf = async (bytes: Uint8Array, from: (root: Table) => unknown): Promise<string> => {
  const result = await attempt(() => read(bytes, from));
  return result.ok ? 'no fault' : `${result.fault.code} ${result.fault.message}`;
};

const everything = writeFlatbuffer(
  flatTable({
    0: flatNumber(4, -5),
    1: flatNumber(1, 3),
    2: flatText('größe'),
    3: flatInts([1, -2]),
    4: flatFloats([0.5]),
    5: flatLongs([2 ** 40, -1]),
    6: flatTables([flatTable({ 0: flatNumber(4, 1) }), flatTable({})]),
    7: flatTable({ 3: flatNumber(8, 2 ** 45) }),
    9: flatBytes(Uint8Array.of(9, 8, 7)),
  }),
);

test('reads every kind of field, and defaults for absent ones', async () => {
  const found = await read(everything, (root) => ({
    int: root.i32(0),
    byte: root.i8(1),
    text: root.text(2),
    ints: root.i32s(3, 10),
    floats: root.f32s(4, 10),
    longs: root.i64s(5, 10),
    tables: [0, 1].map((index) => root.element(root.vector(6, 4)!, index).i32(0, 42)),
    inner: root.table(7)!.u64(3),
    absent: [root.i32(8, 17), root.text(8), root.vector(30, 1), root.table(8), root.bool(8), root.count(6, 4)],
    vector: root.vector(9, 1)!.length,
  }));
  expect(found).toEqual({
    int: -5,
    byte: 3,
    text: 'größe',
    ints: [1, -2],
    floats: [0.5],
    longs: [2 ** 40, -1],
    tables: [1, 42],
    inner: 2 ** 45,
    absent: [17, null, null, null, false, 2],
    vector: 3,
  });
});

describe('nothing is believed', () => {
  const spoil = (at: number, value: number): Uint8Array => {
    const bytes = everything.slice();
    new DataView(bytes.buffer).setUint32(at, value, true);
    return bytes;
  };
  const root = new DataView(everything.buffer).getUint32(0, true);

  test('a root outside of the file', async () =>
    expect(await faultOf(spoil(0, 1e9), () => 0)).toMatch(/^checkpoint\/header-malformed/));
  test('a vtable outside of the file', async () =>
    expect(await faultOf(spoil(root, 0x7fffffff), () => 0)).toMatch(/^checkpoint\//));
  test('a reference outside of the file', async () => {
    const field = await fieldAt(2);
    expect(await faultOf(spoil(field, 0xfffffff0), (table) => table.text(2))).toMatch(/^checkpoint\/header-malformed/);
    expect(await faultOf(spoil(field, 0), (table) => table.text(2))).toMatch(/points to itself/);
  });
  test('a vector that is longer than the file', async () => {
    const vector = await read(everything, (table) => table.vector(3, 4)!.begin - 4);
    expect(await faultOf(spoil(vector, 0x40000000), (table) => table.i32s(3, 10))).toMatch(/^checkpoint\/truncated/);
    expect(await faultOf(spoil(vector, 11), (table) => table.i32s(3, 10))).toMatch(
      /11 numbers stands where at most 10/,
    );
  });
  test('a field outside of its table', async () => {
    const vtable = root - new DataView(everything.buffer).getInt32(root, true);
    const bytes = everything.slice();
    new DataView(bytes.buffer).setUint16(vtable + 4, 5_000, true);
    expect(await faultOf(bytes, (table) => table.i32(0))).toMatch(/field 0 lies at 5000/);
  });
  test('a vtable of odd size', async () => {
    const vtable = root - new DataView(everything.buffer).getInt32(root, true);
    const bytes = everything.slice();
    bytes[vtable] = 7;
    expect(await faultOf(bytes, (table) => table.i32(0))).toMatch(/a vtable of 7/);
  });

  /** Byte offset of the reference in field `index` of the root. */
  async function fieldAt(index: number): Promise<number> {
    const vtable = root - new DataView(everything.buffer).getInt32(root, true);
    return root + new DataView(everything.buffer).getUint16(vtable + 4 + 2 * index, true);
  }
});

test('a large file costs the pages that are looked at', async () => {
  const hole = flatBytes(new Uint8Array(50_000_000));
  const bytes = writeFlatbuffer(
    flatTable({
      0: hole,
      1: flatText('before'),
      2: flatTables(Array.from({ length: 500 }, (_, i) => flatTable({ 0: flatNumber(4, i) }))),
    }),
  );
  const inner = memorySource('m.tflite', bytes);
  let taken = 0;
  const source: ByteSource = {
    ...inner,
    read: (begin, length, signal) => {
      taken += length;
      return inner.read(begin, length, signal);
    },
  };
  const pages = new Pages(source);
  expect(await pages.run((view) => rootTable(view).text(1))).toBe('before');
  const vector = await pages.run((view) => rootTable(view).vector(2, 4)!);
  for (let i = 0; i < vector.length; i++)
    expect(await pages.run((view) => rootTable(view).element(vector, i).i32(0))).toBe(i);
  expect(taken).toBeLessThan(500_000);
});

test('one unit of work may not touch everything', async () => {
  const bytes = writeFlatbuffer(flatTable({ 0: flatBytes(new Uint8Array(30_000_000)) }));
  const pages = new Pages(memorySource('m.tflite', bytes));
  const result = await attempt(() =>
    pages.run((view) => {
      const vector = rootTable(view).vector(0, 1)!;
      for (let at = vector.begin; at < vector.begin + vector.length; at += 65_536) view.u8(at);
    }),
  );
  expect(result).toMatchObject({ ok: false, fault: { code: 'checkpoint/too-complex' } });
});
