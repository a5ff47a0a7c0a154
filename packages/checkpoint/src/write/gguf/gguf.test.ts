import { readdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { idleWork } from '@espalier/base';
import { decodeValues, encodeValues } from '@espalier/tensor';
import { fixtureFolder, fixturePath, readAll, writeGguf } from '@espalier/testkit';
import { gguf as readGguf } from '@huggingface/gguf';
import { describe, expect, test } from 'vitest';
import { entryOutput } from '../entryOutput.js';
import type { OutputTensor } from '../output.js';
import { MemoryFolder } from '../testing/memoryFolder.js';
import {
  type Files,
  type Input,
  inputOf,
  numbersOf,
  openFiles,
  PROVENANCE,
  prunedTensors,
  writeInput,
} from '../testing/written.js';
import { gguf } from './gguf.js';

const folder = fixturePath('checkpoints/gguf');
const MODELS = readdirSync(folder).filter((name) => name.endsWith('.gguf'));
const load = (name: string): Promise<Input> =>
  inputOf(new Map([[name, fixtureFolder(join(folder, name)).bytes]]), name);

/** What the library of Hugging Face reads of a file. It does not know big-endian files. */
async function oracle(files: Files): Promise<Awaited<ReturnType<typeof readGguf>>> {
  const at = await mkdtemp(join(tmpdir(), 'espalier-gguf-'));
  try {
    writeFileSync(join(at, 'x.gguf'), files.get('out.gguf')!);
    return await readGguf(join(at, 'x.gguf'), { allowLocalFile: true });
  } finally {
    await rm(at, { recursive: true });
  }
}

describe.each(MODELS)('%s', (name) => {
  test('keeps its metadata and every tensor, whatever its type; what is changed is changed', async () => {
    const input = await load(name);
    expect(
      Buffer.from((await writeInput(gguf, input, 'out.gguf')).get('out.gguf')!).equals(input.files.get(name)!),
    ).toBe(true);
    const tensors = prunedTensors(input).map((tensor) => (isBlocks(tensor) ? entryOutput(tensor.origin!) : tensor));
    const files = await writeInput(gguf, input, 'out.gguf', { tensors, metadata: PROVENANCE });
    const again = await openFiles(files, 'out.gguf');
    expect(again.metadata).toEqual({ ...input.checkpoint.metadata, ...PROVENANCE });
    const changed = new Set(tensors.flatMap(({ name, unchanged }) => (unchanged === true ? [] : [name])));
    for (const [i, entry] of again.tensors.entries()) {
      const before = input.checkpoint.tensors[i]!;
      expect(entry).toMatchObject({
        name: before.name,
        storage: before.storage,
        shape: before.shape,
        bytes: before.bytes,
      });
      const values = await readAll(before);
      if (changed.has(entry.name)) for (let k = 1; k < values.length; k += 2) values[k] = 0;
      // A negative scale times no code is −0.
      expect(
        (await readAll(entry)).map((value) => value + 0),
        entry.name,
      ).toEqual(values.map((value) => value + 0));
    }
    if (name === 'big-endian.gguf') return;
    const [theirs, original] = [await oracle(files), await oracle(new Map([['out.gguf', input.files.get(name)!]]))];
    expect(theirs.metadata).toEqual({ ...original.metadata, kv_count: expect.anything(), ...PROVENANCE });
    expect(theirs.tensorInfos.map(({ offset: _, ...info }) => info)).toEqual(
      original.tensorInfos.map(({ offset: _, ...info }) => info),
    );
  });
});

/** Blocks that have no code for zero. */
const isBlocks = ({ origin }: OutputTensor): boolean =>
  /^(Q[2-6]_[1K]|Q8_[1K]|Q5|Q1|I?Q[1-4]|IQ|TQ|MXFP|NVFP)/.test(origin!.storage) && origin!.storage !== 'Q4_0';

test.each(['Q8_0', 'Q4_0'])('blocks of %s keep their scales: zeros get the code that means zero', async (type) => {
  const input = await load('types.gguf');
  const entry = input.checkpoint.tensors.find(({ storage }) => storage === type)!;
  const tensors = prunedTensors(input).map((tensor) =>
    tensor.name === entry.name ? tensor : entryOutput(tensor.origin!),
  );
  const again = await openFiles(await writeInput(gguf, input, 'out.gguf', { tensors }), 'out.gguf');
  const values = await readAll(entry);
  for (let k = 1; k < values.length; k += 2) values[k] = 0;
  expect(values.some((value) => value !== 0)).toBe(true);
  expect((await readAll(again.tensors.find(({ name }) => name === entry.name)!)).map((value) => value + 0)).toEqual(
    values.map((value) => value + 0),
  );
});

test('blocks without a code for zero are refused by name', async () => {
  const input = await load('types.gguf');
  const entry = input.checkpoint.tensors.find(({ storage }) => storage === 'Q4_K')!;
  const tensors = prunedTensors(input).filter(({ name }) => name === entry.name);
  const content = { tensors, metadata: {}, input: input.checkpoint };
  expect(gguf.refuses(content)).toMatchObject({
    code: 'output/tensor',
    message: expect.stringMatching(/^q4_k.* blocks of Q4_K/),
  });
  await expect(gguf.write(new MemoryFolder(), 'out.gguf', content, idleWork())).rejects.toMatchObject({
    fault: { code: 'output/tensor' },
  });
});

test('a tensor that comes in blocks gets their type, and the file says of which it is', async () => {
  const weight = new Uint8Array(Float32Array.from({ length: 64 }, (_, i) => i / 8).buffer);
  const bytes = writeGguf({
    version: 3,
    metadata: [['general.file_type', [4, 0]]],
    tensors: [
      { name: 'a.weight', ne: [64], type: 0, bytes: weight },
      { name: 'b.weight', ne: [2, 8], type: 0, bytes: weight },
    ],
  });
  const files = new Map([['m.gguf', bytes]]);
  const input = await inputOf(files, 'm.gguf');
  // A scale of 1 in half precision, and codes from 0 to 31.
  const block = Uint8Array.of(0, 0x3c, ...Array.from({ length: 32 }, (_, i) => i));
  const stored = {
    dtype: 'U8' as const,
    blocks: 'Q8_0',
    byteLength: 68,
    async *windows() {
      yield block;
      yield block;
    },
  };
  const [a, b] = numbersOf(input.checkpoint).map(entryOutput) as [OutputTensor, OutputTensor];
  const { unchanged: _, ...plain } = a;
  const out = await writeInput(gguf, input, 'out.gguf', { tensors: [{ ...plain, stored }, b] });
  const again = await openFiles(out, 'out.gguf');
  expect(again.tensors.map(({ storage, bytes }) => [storage, bytes])).toEqual([
    ['Q8_0', 68],
    ['F32', 64],
  ]);
  expect([...(await readAll(again.tensors[0]!))]).toEqual(
    [0, 1].flatMap(() => Array.from({ length: 32 }, (_, i) => i)),
  );
  expect(again.metadata).toMatchObject({ 'general.file_type': '7', 'general.quantization_version': '2' });
  const theirs = await oracle(out);
  expect(theirs.tensorInfos.map(({ dtype }) => dtype)).toEqual([8, 0]);
  expect(theirs.metadata['general.file_type']).toBe(7);
});

test('a tensor of half precision changes its type, whatever the old one', async () => {
  const input = await load('types.gguf');
  const entry = input.checkpoint.tensors.find(({ storage }) => storage === 'Q4_K')!;
  const values = await readAll(entry);
  const bytes = encodeValues('F16', values) as Uint8Array;
  const half: OutputTensor = {
    name: entry.name,
    dtype: 'F16',
    shape: entry.shape,
    byteLength: bytes.length,
    async *windows() {
      yield bytes;
    },
  };
  const content = { tensors: [half], metadata: {}, input: input.checkpoint };
  expect(gguf.refuses(content)).toBeNull();
  const again = await openFiles(await writeInput(gguf, input, 'out.gguf', content), 'out.gguf');
  const after = again.tensors.find(({ name }) => name === entry.name)!;
  expect(after).toMatchObject({ storage: 'F16', shape: entry.shape });
  expect([...(await readAll(after))]).toEqual([...decodeValues('F16', bytes, entry.elements)]);
});

test('a model in several files becomes one', async () => {
  const part = (index: number): Uint8Array =>
    writeGguf({
      version: 3,
      metadata: [
        ['general.architecture', [8, 'llama']],
        ['split.no', [2, index]],
        ['split.count', [2, 2]],
        ['split.tensors.count', [5, 2]],
      ],
      tensors: [{ name: `t${index}`, ne: [3], type: 0, bytes: new Uint8Array(Float32Array.of(index, 2, 3).buffer) }],
    });
  const files = new Map([1, 2].map((n) => [`m-0000${n}-of-00002.gguf`, part(n - 1)]));
  const name = 'm-00002-of-00002.gguf';
  const input = await inputOf(files, name);
  const again = await openFiles(
    await writeInput(gguf, input, 'out.gguf', { tensors: prunedTensors(input) }),
    'out.gguf',
  );
  expect(again.findings).toEqual([]);
  expect(again.metadata).toEqual({ 'general.architecture': 'llama', 'GGUF.version': '3' });
  expect(await Promise.all(again.tensors.map(async (entry) => [entry.name, ...(await readAll(entry))]))).toEqual([
    ['t0', 0, 0, 3],
    ['t1', 1, 0, 3],
  ]);
});
