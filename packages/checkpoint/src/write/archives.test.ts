import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { idleWork } from '@espalier/base';
import { byteLength, type Dtype, memorySource } from '@espalier/tensor';
import { fixtureFolder, fixturePath, readAll } from '@espalier/testkit';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Checkpoint } from '../checkpoint.js';
import { openCheckpoint } from '../open.js';
import { entryOutput } from './entryOutput.js';
import type { OutputTensor } from './output.js';
import { MemoryFolder } from './testing/memoryFolder.js';
import { writerFor } from './writers.js';

const work = idleWork();
const NO_INPUT = { files: [] } as unknown as Checkpoint;

/** A tensor whose bytes count up from a seed. */
function tensorOf(
  name: string,
  dtype: Dtype,
  shape: readonly number[],
  seed: number,
): OutputTensor & { readonly bytes: Uint8Array } {
  const length = byteLength(
    dtype,
    shape.reduce((product, size) => product * size, 1),
  );
  // Small bytes: no value is a NaN, and every boolean is one.
  const bytes = Uint8Array.from({ length }, (_, i) => (dtype === 'BOOL' ? (seed + i) % 2 : (seed + 7 * i) % 61));
  return {
    name,
    dtype,
    shape,
    byteLength: length,
    bytes,
    async *windows() {
      for (let at = 0; at < length; at += 5) yield bytes.slice(at, at + 5);
    },
  };
}

async function write(
  file: string,
  tensors: readonly OutputTensor[],
  metadata: Record<string, string> = {},
): Promise<Uint8Array> {
  const folder = new MemoryFolder();
  const writer = writerFor(file, null)!;
  const content = { tensors, metadata, input: NO_INPUT };
  expect(writer.refuses(content)).toBeNull();
  await writer.write(folder, file, content, work);
  await folder.commit();
  return folder.files.get(file)!;
}

async function read(file: string, bytes: Uint8Array) {
  const opened = await openCheckpoint(memorySource(file, bytes));
  if (!opened.ok) throw new Error(opened.fault.message);
  return opened.value;
}

const TYPES: Readonly<Record<string, readonly Dtype[]>> = {
  'x.pt': ['F64', 'F32', 'F16', 'BF16', 'I64', 'I32', 'I16', 'I8', 'U8', 'BOOL', 'C64', 'C128'],
  'x.npz': ['F64', 'F32', 'F16', 'I64', 'I32', 'I16', 'I8', 'U64', 'U32', 'U16', 'U8', 'BOOL', 'C64', 'C128'],
};

describe.each(Object.entries(TYPES))('%s', (file, types) => {
  test('whatever the names, types and shapes, what is written is read again', () =>
    fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(
          fc.record({
            name: fc.string({ minLength: 1, maxLength: 6, unit: fc.constantFrom('a', 'b', '.', '_', 'ü', '0') }),
            dtype: fc.constantFrom(...types),
            shape: fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }),
          }),
          { selector: ({ name }) => name, maxLength: 5 },
        ),
        fc.nat(50),
        async (specs, seed) => {
          const tensors = specs.map(({ name, dtype, shape }, i) => tensorOf(`t${name}`, dtype, shape, seed + i));
          const again = await read(file, await write(file, tensors, { recipe: 'none' }));
          const kept = again.tensors.filter(({ name }) => name.startsWith('t'));
          expect(kept.map(({ name, shape, dtype }) => [name, shape, dtype]).sort()).toEqual(
            tensors.map(({ name, shape, dtype }) => [name, shape, dtype]).sort(),
          );
          for (const entry of kept) {
            const parts: Uint8Array[] = [];
            for await (const window of entryOutput(entry).windows(work)) parts.push(window.slice());
            expect(Buffer.concat(parts)).toEqual(Buffer.from(tensors.find(({ name }) => name === entry.name)!.bytes));
          }
        },
      ),
      { numRuns: 60 },
    ));

  test('a type that the format has not is refused by name', () => {
    const odd = tensorOf('w', 'F8_E4M3', [2], 0);
    expect(writerFor(file, null)!.refuses({ tensors: [odd], metadata: {}, input: NO_INPUT })).toMatchObject({
      code: 'output/type',
    });
  });
});

test.each(['x.pt', 'x.npz'])('%s tells how it came about when it is opened', async (file) => {
  const metadata = { 'espalier.recipe': 'input: a\n', 'espalier.seed': '3', producer: 'somebody' };
  const again = await read(file, await write(file, [tensorOf('w', 'F32', [2], 0)], metadata));
  expect(again.metadata).toMatchObject({ 'espalier.recipe': 'input: a\n', 'espalier.seed': '3' });
  expect(again.tensors.map(({ name }) => name)).toEqual(['w']);
});

test('storages of a state dict begin at multiples of 64, and checksums are right', async () => {
  const bytes = await write('x.pt', [tensorOf('a', 'F32', [3, 5], 1), tensorOf('b', 'U8', [7], 2)]);
  const view = new DataView(bytes.buffer);
  const names: string[] = [];
  for (let at = 0; view.getUint32(at, true) === 0x0403_4b50; ) {
    const [nameLength, extraLength] = [view.getUint16(at + 26, true), view.getUint16(at + 28, true)];
    const data = at + 30 + nameLength + extraLength;
    const size = view.getUint32(at + 22, true);
    names.push(Buffer.from(bytes.subarray(at + 30, at + 30 + nameLength)).toString());
    expect(data % 64).toBe(0);
    at = data + size;
  }
  expect(names).toEqual([
    'archive/data.pkl',
    'archive/byteorder',
    'archive/.data/espalier.json',
    'archive/data/0',
    'archive/data/1',
    'archive/version',
  ]);
});

/** Strides, big-endian and Fortran order, compressed entries: the values do not lie in the file as they are, and still their type is theirs. */
test.each(['pytorch/views.pt', 'npy/fortran-3d.npy', 'npy/big-endian-i64.npy', 'gguf/big-endian.gguf'])(
  '%s: every tensor keeps its type',
  async (path) => {
    const { name, bytes } = fixtureFolder(fixturePath(`checkpoints/${path}`));
    const input = await read(name, bytes);
    const plain = input.tensors.filter(
      ({ dtype, data }) => TYPES['x.npz']!.some((known) => known === dtype) && data.kind !== 'none',
    );
    expect(plain.some(({ data }) => data.kind === 'decoded')).toBe(true);
    const again = await read('x.npz', await write('x.npz', plain.map(entryOutput)));
    const byName = new Map(again.tensors.map((entry) => [entry.name, entry]));
    for (const entry of plain) {
      expect(byName.get(entry.name)).toMatchObject({ dtype: entry.dtype, shape: entry.shape });
      expect(await readAll(byName.get(entry.name)!), entry.name).toEqual(await readAll(entry));
    }
  },
);

/**
 * These bytes were loaded by PyTorch 2.15.0 with `weights_only=True` and by NumPy 2.4.6, which found the values below: the program is
 * fixtures/generate/written_files.py. The same bytes are right wherever neither is at hand.
 */
test('the bytes are those that PyTorch and NumPy have loaded', async () => {
  const golden = JSON.parse(readFileSync(fixturePath('golden/written.json'), 'utf8')) as Record<
    string,
    { sha256: string }
  >;
  for (const [file, types] of Object.entries(TYPES)) {
    const tensors = types.map((dtype, i) => tensorOf(`layer.${i}.${dtype}`, dtype, i % 3 === 0 ? [] : [2, i % 4], i));
    const bytes = await write(file, tensors, { 'espalier.recipe': 'none' });
    expect({ file, sha256: createHash('sha256').update(bytes).digest('hex') }).toEqual({
      file,
      sha256: golden[file]?.sha256,
    });
  }
});
