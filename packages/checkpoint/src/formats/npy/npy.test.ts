import { attempt } from '@espalier/base';
import { memorySource } from '@espalier/tensor';
import { join, u16, u32, zipBytes } from '@espalier/testkit';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { openCheckpoint } from '../../open.js';
import { readValues } from '../../values/readValues.js';
import { parseNumpyType } from './dtype.js';
import { parseNpyHeader, readNpyHeader } from './header.js';
import { parseLiteral } from './literal.js';

// Seconds of work on a machine that does nothing else.
vi.setConfig({ testTimeout: 60_000 });

function npyBytes(header: string, body: Uint8Array, version: 1 | 2 | 3 = 1): Uint8Array {
  const text = new TextEncoder().encode(header);
  const length = version === 1 ? u16(text.length) : u32(text.length);
  return join([Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, version, 0), length, text, body]);
}

describe('Python literals', () => {
  test.each([
    [
      '{\'a\': (1, 2), "b": [True, None], }',
      new Map<string, unknown>([
        ['a', [1, 2]],
        ['b', [true, null]],
      ]),
    ],
    ["('it\\'s', -3L)", ["it's", -3]],
    ['()', []],
    ["{'a': __import__('os')}", undefined],
    ["{'a': 1 + 1}", undefined],
    ["'open", undefined],
    ['[1, 2', undefined],
    ['1 2', undefined],
    ['', undefined],
    ['('.repeat(10_000), undefined],
  ])('%j', (text, expected) => expect(parseLiteral(text)).toEqual(expected));

  test('any text is a literal or is not, and never an exception', () =>
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(...'(){}[],:\'"\\ 1aTrueNone-') }),
        (text) => void parseLiteral(text),
      ),
    ));
});

test.each([
  ['<f4', { kind: 'numbers', dtype: 'F32', width: 4, bigEndian: false }],
  ['>f8', { kind: 'numbers', dtype: 'F64', width: 8, bigEndian: true }],
  ['|u1', { kind: 'numbers', dtype: 'U8', width: 1, bigEndian: false }],
  ['>i1', { kind: 'numbers', dtype: 'I8', width: 1, bigEndian: false }],
  ['|b1', { kind: 'numbers', dtype: 'BOOL', width: 1, bigEndian: false }],
  ['<c8', { kind: 'numbers', dtype: 'C64', width: 8, bigEndian: false }],
  ['<U5', { kind: 'text', width: 20 }],
  ['|S3', { kind: 'text', width: 3 }],
  ['|O', { kind: 'objects' }],
  ['|V2', { kind: 'other', width: 2 }],
  ['<M8[ns]', { kind: 'other', width: 8 }],
  ['<f16', { kind: 'other', width: 16 }],
  ['nonsense', { kind: 'other', width: null }],
] as const)('element type %s', (descr, expected) => expect(parseNumpyType(descr)).toEqual(expected));

test('headers that are written are read', () =>
  fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat({ max: 60 }), { maxLength: 8 }),
      fc.constantFrom('<f4', '>i8', '|u1', '|O'),
      fc.boolean(),
      fc.constantFrom(1 as const, 2 as const, 3 as const),
      fc.nat({ max: 500 }),
      async (shape, descr, fortran, version, padding) => {
        const tuple = `(${shape.join(', ')}${shape.length === 1 ? ',' : ''})`;
        const text = `{'descr': '${descr}', 'fortran_order': ${fortran ? 'True' : 'False'}, 'shape': ${tuple}, }${' '.repeat(padding)}\n`;
        const source = memorySource('x.npy', npyBytes(text, new Uint8Array(0), version));
        expect(await readNpyHeader(source)).toEqual({
          descr,
          structured: false,
          fortran,
          shape,
          dataBegin: source.sizeBytes,
        });
      },
    ),
  ));

test.each([
  ['[1, 2]', 'is not a dictionary'],
  ["{'descr': 3, 'fortran_order': False, 'shape': ()}", 'names no element type'],
  ["{'descr': '<f4', 'fortran_order': 0, 'shape': ()}", 'does not state its order'],
  ["{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}", 'has no shape'],
  ["{'descr': '<f4', 'fortran_order': False, 'shape': (94906266, 94906267, 2)}", 'more elements than can be addressed'],
])('the header %s', async (text, expected) => {
  const result = await attempt(async () => parseNpyHeader(text, 0, 'x.npy'));
  expect(!result.ok && result.fault.message).toContain(expected);
});

test('a file of an unfinished download lists its array, with what is missing', async () => {
  const header = "{'descr': '<f4', 'fortran_order': False, 'shape': (4, 4), }\n";
  const opened = await openCheckpoint(memorySource('w.npy', npyBytes(header, new Uint8Array(40))));
  if (!opened.ok) throw new Error(opened.fault.message);
  expect(opened.value.tensors).toMatchObject([{ name: 'w', shape: [4, 4], data: { kind: 'none', why: 'unreadable' } }]);
  expect(opened.value.findings).toMatchObject([{ code: 'checkpoint/truncated', severity: 'error', tensor: 'w' }]);
});

test('an archive whose every member is broken is a fault, one good member is enough to open it', async () => {
  const good = npyBytes(
    "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n",
    new Uint8Array(Float32Array.of(1, 2).buffer),
  );
  const bad = { name: 'bad.npy', bytes: new Uint8Array(30) };
  expect(await openCheckpoint(memorySource('x.npz', zipBytes([bad])))).toMatchObject({
    ok: false,
    fault: { code: 'checkpoint/header-malformed' },
  });
  const opened = await openCheckpoint(
    memorySource('x.npz', zipBytes([bad, { name: 'good.npy', bytes: good, method: 'deflated' }])),
  );
  if (!opened.ok) throw new Error(opened.fault.message);
  expect(opened.value.tensors.map((tensor) => tensor.data.kind)).toEqual(['none', 'raw']);
  expect([...(await readValues(opened.value.tensors[1]!))]).toEqual([1, 2]);
  expect(opened.value.findings).toMatchObject([{ severity: 'error', tensor: 'bad', file: 'x.npz' }]);
});

test('members of an archive keep names that differ', async () => {
  const bytes = npyBytes("{'descr': '<f4', 'fortran_order': False, 'shape': (0,), }\n", new Uint8Array(0));
  const members = ['a', 'a.npy', 'b.npy', 'c.npy', 'c.npy'].map((name) => ({ name, bytes }));
  const opened = await openCheckpoint(memorySource('x.npz', zipBytes(members)));
  expect(opened.ok && opened.value.tensors.map(({ name }) => name)).toEqual(['a', 'a.npy', 'b', 'c']);
});
