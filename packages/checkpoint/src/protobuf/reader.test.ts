import { type Fault, FaultError } from '@espalier/base';
import { type ByteSource, memorySource } from '@espalier/tensor';
import fc from 'fast-check';
import protobuf from 'protobufjs';
import { expect, test } from 'vitest';
import { INLINE_BYTES, type Span, spanOfBytes, spanOfFile, WireReader } from './index.js';

/** A source that notes how many bytes were asked for. */
function counting(bytes: Uint8Array): ByteSource & { taken: number; largest: number } {
  const inner = memorySource('m.pb', bytes);
  const source = {
    ...inner,
    taken: 0,
    largest: 0,
    async read(begin: number, length: number, signal?: AbortSignal) {
      source.taken += length;
      source.largest = Math.max(source.largest, length);
      return inner.read(begin, length, signal);
    },
  };
  return source;
}

async function faultOf(run: Promise<unknown>): Promise<Fault> {
  try {
    await run;
  } catch (error) {
    if (error instanceof FaultError) return error.fault;
    throw error;
  }
  throw new Error('no fault');
}

const both = (bytes: Uint8Array): Span[] => [spanOfFile(memorySource('m.pb', bytes)), spanOfBytes('m.pb', bytes)];

test('reads what protobufjs writes, from a file and from memory', () =>
  fc.assert(
    fc.asyncProperty(
      fc.record({
        int: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        uint: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
        zigzag: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
        float: fc.float(),
        double: fc.double(),
        text: fc.string({ unit: 'grapheme', maxLength: 40 }),
        list: fc.array(fc.integer(), { maxLength: 30 }),
        padding: fc.integer({ min: 0, max: 3 * INLINE_BYTES }),
      }),
      async (sent) => {
        const writer = protobuf.Writer.create();
        const { lo, hi } = split(sent.int);
        writer.uint32((1 << 3) | 0).int64(asLong(lo, hi));
        writer.uint32((2 << 3) | 0).uint64(asLong(split(sent.uint).lo, split(sent.uint).hi));
        writer.uint32((3 << 3) | 0).sint64(asLong(split(sent.zigzag).lo, split(sent.zigzag).hi));
        writer.uint32((4 << 3) | 5).float(sent.float);
        writer.uint32((9 << 3) | 2).bytes(new Uint8Array(sent.padding));
        writer.uint32((5 << 3) | 1).double(sent.double);
        writer.uint32((6 << 3) | 2).string(sent.text);
        writer.uint32((7 << 3) | 2).fork();
        for (const value of sent.list) writer.int32(value);
        writer.ldelim();
        for (const value of sent.list) writer.uint32((8 << 3) | 0).int32(value);
        for (const span of both(writer.finish())) {
          const got: Record<string, unknown> = {};
          const packed: number[] = [];
          const loose: number[] = [];
          let padding = -1;
          await new WireReader().message(span, {
            1: (field) => {
              got.int = field.int();
            },
            2: (field) => {
              got.uint = field.uint();
            },
            3: (field) => {
              got.zigzag = field.sint();
            },
            4: (field) => {
              got.float = field.float();
            },
            5: (field) => {
              got.double = field.double();
            },
            6: (field) => {
              got.text = field.text();
            },
            7: (field) => field.pushInts(packed, 100),
            8: (field) => field.pushInts(loose, 100),
            9: (field) => {
              padding = field.end - field.begin;
            },
          });
          expect(got).toEqual({
            int: Number(sent.int),
            uint: Number(sent.uint),
            zigzag: Number(sent.zigzag),
            float: Math.fround(sent.float),
            double: sent.double,
            text: sent.text,
          });
          expect(packed).toEqual(sent.list);
          expect(loose).toEqual(sent.list);
          expect(padding).toBe(sent.padding);
        }
      },
    ),
    { numRuns: 60 },
  ));

const split = (value: bigint) => ({
  lo: Number(BigInt.asIntN(32, value)),
  hi: Number(BigInt.asIntN(32, value >> 32n)),
});
const asLong = (low: number, high: number) => ({ low, high, unsigned: false }) as never;

test('a large payload costs its header alone', async () => {
  const big = new Uint8Array(20_000_000);
  const writer = protobuf.Writer.create();
  for (let i = 0; i < 3; i++)
    writer
      .uint32((5 << 3) | 2)
      .fork()
      .uint32((8 << 3) | 2)
      .string(`t${i}`)
      .uint32((9 << 3) | 2)
      .bytes(big)
      .ldelim();
  const source = counting(writer.finish());
  const reader = new WireReader();
  const seen: [string, number][] = [];
  await reader.message(spanOfFile(source), {
    5: async (field) => {
      let name = '';
      await reader.message(field.span(), {
        8: (inner) => {
          name = inner.text();
        },
        9: (inner) => {
          seen.push([name, inner.end - inner.begin]);
        },
      });
    },
  });
  expect(seen).toEqual([
    ['t0', 20_000_000],
    ['t1', 20_000_000],
    ['t2', 20_000_000],
  ]);
  expect(source.taken).toBeLessThan(60_000);
});

test('many small messages are read in large steps', async () => {
  const writer = protobuf.Writer.create();
  for (let i = 0; i < 200_000; i++) writer.uint32((1 << 3) | 2).string(`node ${i}`);
  const bytes = writer.finish();
  const source = counting(bytes);
  let count = 0;
  await new WireReader().message(spanOfFile(source), {
    1: (field) => {
      if (field.text() === `node ${count}`) count++;
    },
  });
  expect(count).toBe(200_000);
  expect(source.taken).toBeLessThan(bytes.length * 1.01);
  expect(source.largest).toBeLessThanOrEqual(262_144);
});

test.each<[string, number[], string]>([
  ['a number that never ends', [0x08, ...new Array(11).fill(0xff)], 'checkpoint/header-malformed'],
  ['a number that is cut off', [0x08, 0x80], 'checkpoint/header-malformed'],
  ['a payload beyond the end', [0x0a, 0x05, 1, 2], 'checkpoint/truncated'],
  ['a payload of 2⁶³ bytes', [0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], 'checkpoint/truncated'],
  ['field number 0', [0x00, 0x00], 'checkpoint/header-malformed'],
  ['a group', [0x0b], 'checkpoint/header-malformed'],
  ['four bytes that are cut off', [0x0d, 1, 2], 'checkpoint/header-malformed'],
])('%s is a fault', async (_, bytes, code) => {
  for (const span of both(Uint8Array.from(bytes))) {
    const fault = await faultOf(new WireReader().message(span, { 1: () => {} }));
    expect(fault).toMatchObject({ code, file: 'm.pb' });
    expect(fault.offset).toBeTypeOf('number');
  }
});

test('an inner payload may not run over its message', async () => {
  const span = spanOfFile(memorySource('m.pb', Uint8Array.from([0x0a, 2, 0x0a, 9, 0, 0, 0, 0, 0, 0, 0, 0, 0])));
  const reader = new WireReader();
  const fault = await faultOf(reader.message(span, { 1: (field) => reader.message(field.span(), { 1: () => {} }) }));
  expect(fault).toMatchObject({ code: 'checkpoint/header-malformed', offset: 4 });
});

test('a field of another type is a fault that says so', async () => {
  const fault = await faultOf(
    new WireReader().message(spanOfBytes('m.pb', Uint8Array.from([0x0a, 1, 0x41])), {
      1: (field) => {
        field.int();
      },
    }),
  );
  expect(fault).toMatchObject({
    code: 'checkpoint/header-malformed',
    expected: 'a varint',
    found: 'a length and bytes',
  });
});

test('depth, fields and kept items are bounded', async () => {
  let nested = new Uint8Array(0);
  for (let i = 0; i < 100; i++)
    nested = protobuf.Writer.create()
      .uint32((1 << 3) | 2)
      .bytes(nested)
      .finish() as Uint8Array<ArrayBuffer>;
  const deep = new WireReader();
  const dive = (span: Span): Promise<void> => deep.message(span, { 1: (field) => dive(field.span()) });
  expect(await faultOf(dive(spanOfBytes('m.pb', nested)))).toMatchObject({
    code: 'checkpoint/too-complex',
    expected: 64,
  });

  const many = new WireReader({}, { fields: 10 });
  expect(await faultOf(many.message(spanOfBytes('m.pb', new Uint8Array(22).fill(8)), {}))).toMatchObject({
    code: 'checkpoint/too-complex',
  });

  const kept = new WireReader({}, { kept: 3 });
  const span = spanOfBytes('m.pb', new Uint8Array(20).fill(8));
  expect(await faultOf(kept.message(span, { 1: () => kept.keep(1, span) }))).toMatchObject({
    code: 'checkpoint/too-complex',
    expected: 3,
  });
});

test('stops when aborted', async () => {
  const aborted = AbortSignal.abort();
  await expect(
    new WireReader({ signal: aborted }).message(spanOfFile(memorySource('m.pb', Uint8Array.from([8, 1]))), {}),
  ).rejects.toThrow();
});
