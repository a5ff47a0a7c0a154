import { attempt, type Fault } from '@espalier/base';
import { memorySource } from '@espalier/tensor';
import { join, type Picklable, pickleBytes, u32, u64 } from '@espalier/testkit';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { PICKLE_LIMITS, type PickleLimits } from './budget.js';
import { operands } from './opcodes.js';
import { type Pickle, readPickle } from './read.js';
import type { Value } from './value.js';

// Seconds of work on a machine that does nothing else.
vi.setConfig({ testTimeout: 60_000 });

const read = (bytes: Uint8Array): Promise<Pickle> => readPickle(memorySource('x.pkl', bytes), 0);
const unpickled = async (bytes: Uint8Array): Promise<Value> => (await read(bytes)).value;
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

async function faultOf(bytes: Uint8Array): Promise<Fault | null> {
  const result = await attempt(() => read(bytes));
  return result.ok ? null : result.fault;
}

/** A value of the machine as one that `pickleBytes` takes, for comparison. */
function plain(value: Value): unknown {
  if (typeof value !== 'object' || value === null) return value;
  switch (value.kind) {
    case 'list':
      return value.items.map(plain);
    case 'set':
      return { set: value.items.map(plain) };
    case 'tuple':
      return { tuple: value.items.map(plain) };
    case 'dict':
      return new Map([...value.entries].map(([key, item]) => [plain(key), plain(item)]));
    case 'bytes':
      return value.bytes;
    case 'global':
      return { global: [value.module, value.name] };
    case 'persistent':
      return { persistent: plain(value.id) };
    case 'object':
      return {
        call: plain(value.type),
        args: value.args.map(plain),
        ...(value.state === undefined ? {} : { state: plain(value.state) }),
      };
  }
}

const arbLeaf: fc.Arbitrary<Picklable> = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.integer(),
  fc
    .double({ noNaN: true })
    .filter((number) => !Number.isInteger(number) || Object.is(number, -0) || Number.isSafeInteger(number)),
  fc.bigInt({ min: 2n ** 53n, max: 2n ** 200n }),
  fc.bigInt({ min: -(2n ** 200n), max: -(2n ** 53n) }),
  fc.string({ unit: 'grapheme' }),
  fc.uint8Array({ maxLength: 300 }),
  fc.record({ global: fc.tuple(fc.constantFrom('os', 'a.b'), fc.constantFrom('system', 'C')) }),
);
const { value: arbValue } = fc.letrec<{ value: Picklable }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    arbLeaf,
    fc.array(tie('value'), { maxLength: 5 }),
    fc.array(tie('value'), { maxLength: 4 }).map((tuple) => ({ tuple })),
    fc
      .array(fc.tuple(fc.string({ unit: 'grapheme' }), tie('value')), { maxLength: 4 })
      .map((entries) => new Map<Picklable, Picklable>(entries)),
    fc.record({ call: fc.constant({ global: ['x', 'y'] as const }), args: fc.array(tie('value'), { maxLength: 3 }) }),
    fc.record({ persistent: tie('value') }),
  ),
}));

test.each([0, 2, 3, 4, 5] as const)('what is pickled with protocol %s is read', (protocol) =>
  fc.assert(
    fc.asyncProperty(arbValue, async (value) => {
      expect(plain(await unpickled(pickleBytes(value, protocol)))).toEqual(value);
    }),
  ),
);

describe('opcodes that today’s writers rarely use', () => {
  test.each<[string, string, unknown]>([
    ['INT as a truth value', 'I01\n.', true],
    ['LONG', 'L-123456789012345678901234567890L\n.', -123456789012345678901234567890n],
    ['FLOAT', 'F-1.5e3\n.', -1500],
    ['FLOAT inf', 'F-inf\n.', -Infinity],
    ['STRING with escapes', "S'it\\'s \\x41\\n\\101'\n.", "it's A\nA"],
    ['STRING that is UTF-8', "S'gr\\xc3\\xb6\\xc3\\x9fe'\n.", 'größe'],
    ['UNICODE', 'Vgr\\u00f6\\U0001f600\n.', 'grö😀'],
    ['DICT, LIST and TUPLE', '(I1\n(I2\nI3\nl(I4\nI5\ntd.', undefined],
    ['DUP and POP', 'I7\n20.', 7],
    ['POP_MARK', 'I7\n(I8\nI9\n1.', 7],
    ['POP of a mark', 'I7\n(0.', 7],
    ['INST', '(I1\nios\nsystem\n.', { call: { global: ['os', 'system'] }, args: [1] }],
    ['OBJ', '(cos\nsystem\nI1\no.', { call: { global: ['os', 'system'] }, args: [1] }],
    ['PERSID', 'Pabc\n.', { persistent: 'abc' }],
    ['APPEND and SETITEM', '](I1\nI2\nl0I3\na.', [3]],
    ['a module of Python 2', 'c__builtin__\neval\n.', { global: ['builtins', 'eval'] }],
  ])('%s', async (_, text, expected) => {
    const result = await attempt(() => unpickled(ascii(text)));
    if (expected === undefined) expect(result).toMatchObject({ ok: false, fault: { code: 'pickle/malformed' } });
    else expect(result.ok && plain(result.value)).toEqual(expected);
  });

  test('EXT, FRAME, sets and NEWOBJ_EX of protocols 2 to 4', async () => {
    const frame = join([Uint8Array.of(0x80, 4, 0x95), u64(3)]);
    expect(plain(await unpickled(join([frame, Uint8Array.of(0x82, 7, 0x2e)])))).toEqual({
      global: ['copyreg', 'extension 7'],
    });
    expect(plain(await unpickled(join([frame, Uint8Array.of(0x8f, 0x28, 0x4b, 1, 0x90, 0x2e)])))).toEqual({ set: [1] });
    expect(plain(await unpickled(join([frame, Uint8Array.of(0x28, 0x4b, 1, 0x91, 0x2e)])))).toEqual({ set: [1] });
    const newObject = join([ascii('cm\nC\n'), ascii('('), ascii('t'), ascii('}'), Uint8Array.of(0x92, 0x2e)]);
    expect(plain(await unpickled(newObject))).toEqual({ call: { global: ['m', 'C'] }, args: [new Map()] });
  });
});

describe('nothing is executed', () => {
  test('REDUCE of os.system is a description of a call', async () => {
    const pickle = await read(ascii("cos\nsystem\n(S'touch x'\ntR."));
    expect(plain(pickle.value)).toEqual({ call: { global: ['os', 'system'] }, args: ['touch x'] });
    expect(pickle.globals).toEqual([{ global: { kind: 'global', module: 'os', name: 'system' }, offset: 0 }]);
  });

  test('keys reach no prototype', async () => {
    const value = await unpickled(pickleBytes(new Map([['__proto__', new Map([['polluted', true]])]])));
    expect(plain(value)).toEqual(new Map([['__proto__', new Map([['polluted', true]])]]));
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

test('shared and cyclic values keep their identity', async () => {
  const shared: Picklable[] = [1];
  const cycle: Picklable[] = [shared, shared];
  (cycle as Picklable[]).push(cycle);
  const value = await unpickled(pickleBytes(cycle));
  if (typeof value !== 'object' || value?.kind !== 'list') throw new Error('no list');
  expect(value.items[0]).toBe(value.items[1]);
  expect(value.items[2]).toBe(value);
});

test('long byte strings stay in the file', async () => {
  const bytes = pickleBytes(['before', new Uint8Array(5_000_000), 'after'], 4);
  const memory = memorySource('x.pkl', bytes);
  let bytesRead = 0;
  const pickle = await readPickle(
    {
      ...memory,
      read: (begin, length) => {
        bytesRead += length;
        return memory.read(begin, length);
      },
    },
    0,
  );
  expect(bytesRead).toBeLessThan(600_000);
  const value = pickle.value as Extract<Value, { kind: 'list' }>;
  expect(value.items[1]).toMatchObject({ kind: 'bytes', length: 5_000_000, bytes: null });
  expect(value.items[2]).toBe('after');
  expect(pickle.end).toBe(bytes.length);
});

test('a pickle longer than one window is read like a short one', async () => {
  const value = Array.from({ length: 60_000 }, (_, i) => `item ${i}`);
  expect(plain(await unpickled(pickleBytes(value)))).toEqual(value);
  expect(plain(await unpickled(pickleBytes(value, 0)))).toEqual(value);
});

describe('pickles that are wrong', () => {
  const list = Uint8Array.of(0x5d);
  test.each<[string, Uint8Array, string]>([
    ['no opcode', Uint8Array.of(0x00), 'pickle/opcode'],
    ['protocol 6', Uint8Array.of(0x80, 6, 0x4e, 0x2e), 'pickle/protocol'],
    ['an empty stack at STOP', ascii('.'), 'pickle/malformed'],
    ['too few values', ascii('R.'), 'pickle/malformed'],
    ['a value below the mark', ascii('I1\n(a.'), 'pickle/malformed'],
    ['a memo that was never written', ascii('h\x05.'), 'pickle/malformed'],
    ['a key without a value', ascii('(I1\nd.'), 'pickle/malformed'],
    ['items for a number', ascii('I1\nI2\na.'), 'pickle/malformed'],
    ['a global named by a number', Uint8Array.of(0x4b, 1, 0x4b, 2, 0x93, 0x2e), 'pickle/malformed'],
    ['an integer of letters', ascii('Iabc\n.'), 'pickle/malformed'],
    ['a string without quotes', ascii('Sabc\n.'), 'pickle/malformed'],
    ['buffers elsewhere', Uint8Array.of(0x80, 5, 0x97, 0x2e), 'pickle/out-of-band'],
    [
      'an integer of a kilobyte',
      join([Uint8Array.of(0x8b), u32(1024), new Uint8Array(1024), ascii('.')]),
      'pickle/too-large',
    ],
    ['a text of 2^40 bytes', join([Uint8Array.of(0x8d), u64(2 ** 40)]), 'pickle/too-large'],
    ['bytes of 2^63 bytes', join([Uint8Array.of(0x8e), u64(2n ** 63n)]), 'pickle/malformed'],
    ['bytes that end behind the file', join([Uint8Array.of(0x8e), u64(2 ** 40), ascii('.')]), 'checkpoint/truncated'],
    ['a line without an end', ascii('Vabc'), 'checkpoint/truncated'],
    ['no STOP', list, 'checkpoint/truncated'],
  ])('%s', async (_, bytes, code) => expect((await faultOf(bytes))?.code).toBe(code));

  /** With limits so small that a few opcodes exceed them. */
  const limits = Object.fromEntries(Object.keys(PICKLE_LIMITS).map((name) => [name, 20])) as unknown as PickleLimits;
  const copy = join([ascii('cbuiltins\nlist\nh\x00'), Uint8Array.of(0x85), ascii('R0')]);
  test.each<[string, Uint8Array]>([
    ['opcodes', ascii('N0'.repeat(20))],
    ['containers', ascii(']0'.repeat(21))],
    ['values on its stack', ascii('N'.repeat(21))],
    ['values on its stack', ascii('('.repeat(21))],
    ['remembered values', join(Array.from({ length: 21 }, (_, i) => Uint8Array.of(0x4e, 0x71, i, 0x30)))],
    ['names', join(Array.from({ length: 22 }, (_, i) => ascii(`cm\nC${i}\n0`)))],
    ['bytes in one string', join([Uint8Array.of(0x8c, 21), new Uint8Array(21)])],
    [
      'bytes in strings',
      join(Array.from({ length: 3 }, () => join([Uint8Array.of(0x8c, 10), new Uint8Array(10), ascii('0')]))),
    ],
    ['bytes in one integer', join([Uint8Array.of(0x8a, 21), new Uint8Array(21)])],
    ['items', join([ascii(']q\x00(NNNNNNNe'), copy, copy, copy])],
    ['items', join([ascii('}('), ascii('NN'.repeat(9)), ascii('u('), ascii('NN'.repeat(12)), ascii('u')])],
  ])('more %s than anybody writes', async (what, bytes) => {
    const kept =
      what === 'opcodes'
        ? { ...limits }
        : {
            ...limits,
            opcodes: 1000,
            ...(what === 'bytes in one integer' ? { stringBytes: 1000 } : {}),
            ...(what === 'items' ? { stack: 1000, containers: 1000, globals: 1000 } : {}),
          };
    const source = memorySource('x.pkl', join([bytes, ascii('N.')]));
    const result = await attempt(() => readPickle(source, 0, undefined, kept));
    expect(result).toMatchObject({ ok: false, fault: { code: 'pickle/too-large', expected: 20 } });
    expect(!result.ok && result.fault.message).toBe(`The pickle has more ${what} than are read.`);
  });
});

const opcodes = operands.flatMap((operand, code) => (operand === undefined ? [] : [code]));

/** Opcodes with plausible operands, in any order. */
const arbProgram = fc
  .array(fc.tuple(fc.constantFrom(...opcodes), fc.uint8Array({ minLength: 8, maxLength: 8 }), fc.nat({ max: 6 })), {
    maxLength: 60,
  })
  .map((steps) =>
    join(
      steps.map(([code, random, length]) => {
        const operand = operands[code]!;
        if (operand.kind === 'fixed')
          return join([Uint8Array.of(code), random.map((byte) => byte & 7).subarray(0, operand.bytes)]);
        if (operand.kind === 'lines')
          return join([
            Uint8Array.of(code),
            ...Array.from({ length: operand.lines }, () => ascii(`${random[0]! & 7}\n`)),
          ]);
        const prefix = new Uint8Array(operand.lengthBytes);
        prefix[0] = length;
        return join([Uint8Array.of(code), prefix, random.subarray(0, length)]);
      }),
    ),
  );

test('any sequence of opcodes has a value or a fault', () =>
  fc.assert(
    fc.asyncProperty(fc.oneof(arbProgram, fc.uint8Array({ maxLength: 60 })), async (program) => {
      await faultOf(join([Uint8Array.of(0x80, 2), ascii(']}('), program, ascii('.')]));
    }),
    { numRuns: 2000 },
  ));
