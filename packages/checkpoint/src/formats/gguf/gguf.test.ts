import { attempt } from '@espalier/base';
import { type ByteSource, memorySource } from '@espalier/tensor';
import { fileSource, fixturePath, type GgufFile, readAll, writeGguf } from '@espalier/testkit';
import { gguf as huggingface } from '@huggingface/gguf';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Checkpoint } from '../../checkpoint.js';
import { openCheckpoint } from '../../open.js';
import { decoders } from './decoders/index.js';
import { gguf } from './format.js';

const floats = (...values: number[]): Uint8Array => new Uint8Array(Float32Array.from(values).buffer);
const small = (version: 1 | 2 | 3, more: Partial<GgufFile> = {}): GgufFile => ({
  version,
  metadata: [
    ['general.architecture', [8, 'llama']],
    ['a.number', [4, 7]],
    ['a.list', [9, [5, [1, -2, 3]]]],
    ['tokenizer.ggml.tokens', [9, [8, ['a', 'bc', '']]]],
  ],
  tensors: [
    { name: 'blk.0.attn_q.weight', ne: [3, 2], type: 0, bytes: floats(1, 2, 3, 4, 5, 6) },
    { name: 'output_norm.weight', ne: [2], type: 0, bytes: floats(0, 1) },
  ],
  ...more,
});

async function open(name: string, bytes: Uint8Array, folder?: ReadonlyMap<string, Uint8Array>): Promise<Checkpoint> {
  const opened = await openCheckpoint(memorySource(name, bytes, folder));
  if (!opened.ok) throw new Error(opened.fault.message);
  return opened.value;
}

test.each([1, 2, 3] as const)('version %i: the same model', async (version) => {
  const checkpoint = await open('m.gguf', writeGguf(small(version)));
  expect(checkpoint.metadata).toEqual({
    'general.architecture': 'llama',
    'a.number': '7',
    'a.list': '[1, -2, 3]',
    'tokenizer.ggml.tokens': '3 values of string',
    'GGUF.version': String(version),
  });
  const [weight, norm] = checkpoint.tensors;
  expect(weight).toMatchObject({ shape: [2, 3], dtype: 'F32', roleHint: 'linear', axes: { output: [0], input: [1] } });
  expect(norm).toMatchObject({ shape: [2], roleHint: 'norm', axes: { output: [], input: [] } });
  expect([...(await readAll(weight!))]).toEqual([1, 2, 3, 4, 5, 6]);
});

describe('agrees with the parser of Hugging Face', () => {
  test.each(['types.gguf', 'metadata.gguf', 'llama-tiny-Q4_K_M.gguf', 'version-2.gguf', 'big-endian.gguf'])(
    '%s',
    async (name) => {
      const path = fixturePath(`checkpoints/gguf/${name}`);
      // Nested lists are beyond that parser; everything before them is compared all the same.
      const theirs = await huggingface(path, { allowLocalFile: true }).catch(() => null);
      if (theirs === null) return expect(name).toBe('metadata.gguf');
      const ours = await gguf.open(await fileSource(path), {});
      expect(ours.tensors.map((entry) => [entry.name, [...entry.shape].reverse()])).toEqual(
        theirs.tensorInfos.map((info) => [info.name, info.shape.map(Number)]),
      );
      for (const [key, value] of Object.entries(theirs.metadata)) {
        if (/^(version|tensor_count|kv_count)$/.test(key) || Array.isArray(value)) continue;
        expect(ours.metadata[key], key).toBe(String(value));
      }
      await ours.close();
    },
  );
});

describe('a split model', () => {
  const shard = (index: number, count = 3): Uint8Array =>
    writeGguf({
      version: 3,
      metadata: [
        ['general.name', [8, `shard ${index}`]],
        ['split.no', [2, index - 1]],
        ['split.count', [2, count]],
        ['split.tensors.count', [5, 3]],
      ],
      tensors: [{ name: `t${index}`, ne: [2], type: 0, bytes: floats(index, 0) }],
    });
  const name = (index: number): string => `m-0000${index}-of-00003.gguf`;
  const folder = new Map([1, 2, 3].map((index) => [name(index), shard(index)]));

  test('is one checkpoint, whichever file is opened', async () => {
    const checkpoint = await open(name(2), folder.get(name(2))!, folder);
    expect(checkpoint.tensors.map((entry) => entry.name)).toEqual(['t1', 't2', 't3']);
    expect(checkpoint.files.map((file) => file.name)).toEqual([name(2), name(1), name(3)]);
    expect(checkpoint.metadata['general.name']).toBe('shard 1');
    expect(checkpoint.findings).toEqual([]);
    expect([...(await readAll(checkpoint.tensors[2]!))]).toEqual([3, 0]);
  });

  test('with a missing and a broken file keeps the rest', async () => {
    const broken = new Map(folder);
    broken.delete(name(3));
    broken.set(name(1), folder.get(name(1))!.subarray(0, 40));
    const checkpoint = await open(name(2), broken.get(name(2))!, broken);
    expect(checkpoint.tensors.map((entry) => entry.name)).toEqual(['t2']);
    expect(checkpoint.findings.map(({ code, file }) => [code, file])).toEqual([
      ['checkpoint/truncated', name(1)],
      ['checkpoint/shard-missing', name(3)],
    ]);
  });
});

test('a tensor beyond the end is unreadable, the others are not', async () => {
  const bytes = writeGguf(small(3));
  const checkpoint = await open('m.gguf', bytes.subarray(0, bytes.length - 28));
  expect(checkpoint.tensors[1]!.data).toMatchObject({
    kind: 'none',
    why: 'unreadable',
    fault: { code: 'checkpoint/truncated' },
  });
  expect(checkpoint.findings).toMatchObject([{ code: 'checkpoint/truncated', tensor: 'output_norm.weight' }]);
  expect([...(await readAll(checkpoint.tensors[0]!))]).toEqual([1, 2, 3, 4, 5, 6]);
});

test('tokens pass by: large lists are read in bounded steps and kept nowhere', async () => {
  const tokens = Array.from({ length: 100_000 }, (_, i) => `token number ${i}`);
  const bytes = writeGguf(
    small(3, {
      metadata: [
        ['tokenizer.ggml.tokens', [9, [8, tokens]]],
        ['scores', [9, [6, new Array(50_000).fill(0.5)]]],
      ],
    }),
  );
  const inner = memorySource('m.gguf', bytes);
  let largest = 0;
  const source: ByteSource = {
    ...inner,
    read: (begin, length, signal) => {
      largest = Math.max(largest, length);
      return inner.read(begin, length, signal);
    },
  };
  const checkpoint = await gguf.open(source, {});
  expect(largest).toBeLessThanOrEqual(1_048_576);
  expect(checkpoint.metadata).toMatchObject({
    'tokenizer.ggml.tokens': '100,000 values of string',
    scores: '50,000 values of float32',
  });
  expect(JSON.stringify(checkpoint.metadata).length).toBeLessThan(300);
});

test.each<[string, Partial<GgufFile>, string]>([
  ['an alignment of 24', { metadata: [['general.alignment', [4, 24]]] }, 'checkpoint/header-malformed'],
  ['an alignment that is a text', { metadata: [['general.alignment', [8, '32']]] }, 'checkpoint/header-malformed'],
  [
    'nine axes',
    { tensors: [{ name: 't', ne: [1, 1, 1, 1, 1, 1, 1, 1, 1], type: 0, bytes: floats(0) }] },
    'checkpoint/header-malformed',
  ],
])('%s is a fault', async (_, more, code) => {
  expect(await attempt(() => gguf.open(memorySource('m.gguf', writeGguf(small(3, more))), {}))).toMatchObject({
    ok: false,
    fault: { code },
  });
});

test('a name that is used twice is told apart', async () => {
  const twice = { name: 't', ne: [1], type: 0, bytes: floats(1) };
  const checkpoint = await open('m.gguf', writeGguf(small(3, { tensors: [twice, twice] })));
  expect(checkpoint.tensors.map((entry) => entry.name)).toEqual(['t', 't#2']);
  expect(checkpoint.findings).toMatchObject([{ code: 'checkpoint/duplicate-name' }]);
});

test('ranges of block tensors are parts of the whole', () =>
  fc.assert(
    fc.asyncProperty(
      fc.nat(34),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      async (which, first, share) => {
        const entry = blocks[which % blocks.length]!;
        if (entry.data.kind !== 'decoded') return;
        const begin = Math.floor(first * entry.elements);
        const count = Math.floor(share * (entry.elements - begin));
        const whole = await entry.data.read(0, entry.elements);
        expect(await entry.data.read(begin, count)).toEqual(whole.slice(begin, begin + count));
      },
    ),
    { numRuns: 300 },
  ));
const { tensors: blocks } = await gguf.open(await fileSource(fixturePath('checkpoints/gguf/types.gguf')), {});

describe('types that the gguf package does not decode', () => {
  test('Q1_0: magnitude, 128 signs', () => {
    const block = new Uint8Array(18);
    new DataView(block.buffer).setUint16(0, 0x3800, true); // 0.5
    block[2] = 0b10;
    block[17] = 0x80;
    const out = new Float32Array(128);
    decoders.Q1_0!(block, 0, 1, out, 0);
    expect([out[0], out[1], out[2], out[126], out[127]]).toEqual([-0.5, 0.5, -0.5, -0.5, 0.5]);
  });

  test('Q8_1: scale, sum, 32 codes', () => {
    const block = new Uint8Array(36);
    new DataView(block.buffer).setUint16(0, 0x3800, true); // 0.5
    block[4] = 10;
    block[35] = 0x80;
    const out = new Float32Array(32);
    decoders.Q8_1!(block, 0, 1, out, 0);
    expect([out[0], out[1], out[31]]).toEqual([5, 0, -64]);
  });

  test('Q8_K: scale in single precision, 256 codes, sums', () => {
    const block = new Uint8Array(292);
    new DataView(block.buffer).setFloat32(0, 0.25, true);
    block[4] = 4;
    block[259] = 0xff;
    const out = new Float32Array(256);
    decoders.Q8_K!(block, 0, 1, out, 0);
    expect([out[0], out[1], out[255]]).toEqual([1, 0, -0.25]);
  });
});
