import { readdirSync, readFileSync } from 'node:fs';
import { idleWork } from '@espalier/base';
import { memorySource } from '@espalier/tensor';
import { fixturePath } from '@espalier/testkit';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Checkpoint } from '../checkpoint.js';
import { openCheckpoint } from '../open.js';
import { entryOutput } from './entryOutput.js';
import type { OutputTensor } from './output.js';
import { MemoryFolder } from './testing/memoryFolder.js';
import { writerFor } from './writers.js';

const work = idleWork();
const writer = writerFor('x.safetensors', null)!;

async function open(name: string, bytes: Uint8Array, beside = new Map<string, Uint8Array>()): Promise<Checkpoint> {
  const opened = await openCheckpoint(memorySource(name, bytes, beside));
  if (!opened.ok) throw new Error(opened.fault.message);
  return opened.value;
}

async function rawBytes(checkpoint: Checkpoint): Promise<[string, string, readonly number[], string][]> {
  const all: [string, string, readonly number[], string][] = [];
  for (const { name, data, shape, storage } of checkpoint.tensors) {
    const bytes =
      data.kind === 'raw'
        ? await (async () => {
            const parts: Uint8Array[] = [];
            for await (const window of entryOutput(checkpoint.tensors.find((entry) => entry.name === name)!).windows(
              work,
            ))
              parts.push(window.slice());
            return Buffer.concat(parts).toString('hex');
          })()
        : '';
    all.push([name, storage, shape, bytes]);
  }
  return all;
}

const folder = fixturePath('checkpoints/safetensors');
const SINGLE = readdirSync(folder).filter((name) => name.endsWith('.safetensors'));

test.each(SINGLE)('%s is written as it was read, bit for bit', async (name) => {
  const input = await open(name, new Uint8Array(readFileSync(`${folder}/${name}`)));
  const tensors = input.tensors.map(entryOutput);
  const content = { tensors, metadata: { ...input.metadata, 'espalier.recipe': 'none' }, input };
  if (writer.refuses(content) !== null) {
    expect(writer.refuses(content)).toMatchObject({ code: 'output/type' });
    return;
  }
  const out = new MemoryFolder();
  await writer.write(out, name, content, work);
  await out.commit();
  const bytes = out.files.get(name)!;
  expect((8 + Number(new DataView(bytes.buffer).getBigUint64(0, true))) % 8).toBe(0);
  const again = await open(name, bytes);
  expect(await rawBytes(again)).toEqual(await rawBytes(input));
  expect(again.metadata).toMatchObject({ ...input.metadata, 'espalier.recipe': 'none' });
  expect(out.largestWrite).toBeLessThanOrEqual(4 * 1024 * 1024);
});

const arbTensor = fc.record({
  name: fc.string({ minLength: 1, maxLength: 8 }),
  shape: fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }),
  dtype: fc.constantFrom('F32', 'F16', 'BF16', 'I64', 'U8', 'F64', 'F8_E4M3'),
});
const WIDTH = { F32: 4, F16: 2, BF16: 2, I64: 8, U8: 1, F64: 8, F8_E4M3: 1 } as const;

test('whatever the names, shapes and types, what is written is read again', () =>
  fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(arbTensor, { selector: ({ name }) => name, maxLength: 6 }),
      fc.nat(255),
      async (specs, seed) => {
        const all = specs.filter(({ name }) => name !== '__metadata__');
        const bytesOf = ({ shape, dtype }: (typeof all)[number], i: number): Uint8Array =>
          new Uint8Array(
            shape.reduce((product, length) => product * length, 1) * WIDTH[dtype as keyof typeof WIDTH],
          ).fill(seed + i);
        const tensors = all.map((spec, i): OutputTensor => {
          const bytes = bytesOf(spec, i);
          return {
            name: spec.name,
            dtype: spec.dtype,
            shape: spec.shape,
            byteLength: bytes.length,
            async *windows() {
              if (bytes.length > 0) yield bytes;
            },
          };
        });
        const out = new MemoryFolder();
        await writer.write(
          out,
          'x.safetensors',
          { tensors, metadata: {}, input: { files: [] } as unknown as Checkpoint },
          work,
        );
        await out.commit();
        const again = await open('x.safetensors', out.files.get('x.safetensors')!);
        // Tensors without elements begin where the next one does: their order is not in the file.
        const byName = new Map(again.tensors.map((entry) => [entry.name, entry]));
        expect(byName.size).toBe(all.length);
        for (const [i, { name, shape, dtype }] of all.entries()) {
          const entry = byName.get(name)!;
          expect(entry).toMatchObject({ name, shape, dtype });
          const parts: Uint8Array[] = [];
          for await (const window of entryOutput(entry).windows(work)) parts.push(window.slice());
          expect(Buffer.concat(parts)).toEqual(Buffer.from(bytesOf(all[i]!, i)));
        }
      },
    ),
    { numRuns: 80 },
  ));

test('a checkpoint in shards is divided in the same way, with its index', async () => {
  const place = fixturePath('demo/models/tiny-llama');
  const files = new Map(readdirSync(place).map((name) => [name, new Uint8Array(readFileSync(`${place}/${name}`))]));
  const index = 'model.safetensors.index.json';
  const input = await open(index, files.get(index)!, files);
  const out = new MemoryFolder();
  await writer.write(out, index, { tensors: input.tensors.map(entryOutput), metadata: {}, input }, work);
  await out.commit();
  expect([...out.files.keys()].sort()).toEqual([...files.keys()].filter((name) => /safetensors/.test(name)).sort());
  const [before, after] = [files, out.files].map((set) => JSON.parse(Buffer.from(set.get(index)!).toString()));
  expect(after.weight_map).toEqual(before.weight_map);
  expect(after.metadata.total_size).toBe(input.tensors.reduce((sum, { bytes }) => sum + bytes, 0));
});

test('a tensor that gives another number of bytes than it said is a mistake of ours', async () => {
  const odd: OutputTensor = {
    name: 'a',
    dtype: 'U8',
    shape: [3],
    byteLength: 3,
    async *windows() {
      yield new Uint8Array(2);
    },
  };
  const content = { tensors: [odd], metadata: {}, input: { files: [] } as unknown as Checkpoint };
  await expect(writer.write(new MemoryFolder(), 'x.safetensors', content, work)).rejects.toThrow('a: 2 bytes of 3');
});
