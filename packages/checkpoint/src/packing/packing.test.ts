import { readFileSync } from 'node:fs';
import { memorySource } from '@espalier/tensor';
import { allGolden, fixturePath, readAll, safetensorsBytes, tensorRef, torchZip } from '@espalier/testkit';
import { describe, expect, test, vi } from 'vitest';
import { openSafetensors } from '../formats/safetensors/format.js';
import { openCheckpoint } from '../open.js';
import { parsePackingConfig } from './config.js';
import { fold } from './fold.js';

// Seconds of work on a machine that does nothing else.
vi.setConfig({ testTimeout: 60_000 });

const bytesOf = (path: string): Uint8Array => new Uint8Array(readFileSync(fixturePath(path)));

/** Fixtures whose names and shapes say everything; `gptq_v2` and the edges of odd FP8 blocks are known from the configuration alone. */
const selfEvident = allGolden('packed/').filter(([name]) => !/gptq-v2/.test(name));

describe.each(selfEvident)('%s', (_, golden) => {
  test('is understood without its configuration', async () => {
    const checkpoint = await openSafetensors(
      memorySource('model.safetensors', bytesOf(`${golden.fixture}/model.safetensors`)),
      {},
    );
    const bare = await fold(checkpoint.tensors, {});
    const config = parsePackingConfig(JSON.parse(new TextDecoder().decode(bytesOf(`${golden.fixture}/config.json`))));
    const told = await fold(checkpoint.tensors, config);
    expect(bare.findings).toEqual([]);
    for (const { name } of golden.packed!) {
      const find = (tensors: typeof bare.tensors) => tensors.find((tensor) => tensor.name === name)!;
      expect(await readAll(find(bare.tensors))).toEqual(await readAll(find(told.tensors)));
    }
  });
});

describe('parts that do not fit together stay as they are, with a finding', () => {
  const words = (name: string, shape: number[]) => ({
    name,
    dtype: 'I32',
    shape,
    bytes: new Uint8Array(4 * shape[0]! * shape[1]!),
  });
  const halves = (name: string, shape: number[]) => ({
    name,
    dtype: 'F16',
    shape,
    bytes: new Uint8Array(2 * shape.reduce((a, b) => a * b, 1)),
  });

  test.each<[string, Parameters<typeof safetensorsBytes>[0], string]>([
    ['GPTQ without zero points', [words('l.qweight', [8, 64]), halves('l.scales', [2, 64])], 'l.qzeros is missing.'],
    [
      'GPTQ scales of another width',
      [words('l.qweight', [8, 64]), words('l.qzeros', [2, 8]), halves('l.scales', [2, 63])],
      'l.scales has another shape than its weight needs.',
    ],
    [
      'GPTQ of five bits',
      [words('l.qweight', [10, 64]), words('l.qzeros', [2, 10]), halves('l.scales', [2, 64])],
      'GPTQ with codes of 5 bits is not known.',
    ],
    [
      'words that are halves',
      [halves('l.qweight', [8, 64]), words('l.qzeros', [2, 8]), halves('l.scales', [2, 64])],
      'l.qweight is not stored as 32-bit words.',
    ],
    [
      'a bitmask of another shape',
      [
        { name: 'l.bitmask', dtype: 'U8', shape: [4, 2], bytes: new Uint8Array(8) },
        halves('l.compressed', [4, 4]),
        { name: 'l.shape', dtype: 'I64', shape: [2], bytes: new Uint8Array(BigInt64Array.of(4n, 8n).buffer) },
      ],
      'l.bitmask has another shape than its weight needs.',
    ],
  ])('%s', async (_, tensors, message) => {
    const opened = await openCheckpoint(memorySource('x.safetensors', safetensorsBytes(tensors)));
    if (!opened.ok) throw new Error(opened.fault.message);
    expect(opened.value.tensors.map(({ name }) => name)).toEqual(tensors.map(({ name }) => name));
    expect(opened.value.findings).toMatchObject([{ code: 'checkpoint/packing', severity: 'warning', message }]);
  });
});

test('a weight that is stored beside its parts keeps its name for itself', async () => {
  const path = 'checkpoints/packed/gptq-4bit/model.safetensors';
  const { tensors } = await openSafetensors(memorySource('model.safetensors', bytesOf(path)), {});
  const plain = { ...tensors[0]!, name: 'model.layers.0.self_attn.q_proj.weight' };
  const names = (await fold([...tensors, plain], {})).tensors.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(names).toContain('model.layers.0.self_attn.q_proj.qweight');
  expect(names).toContain('model.layers.0.mlp.down_proj.weight');
});

test('a packed weight in a PyTorch file is put together too', async () => {
  const storage = (key: string, type: string, bytes: Uint8Array, elements: number) => ({ key, type, bytes, elements });
  const parts = {
    'l.qweight': [storage('0', 'IntStorage', new Uint8Array(4 * 8 * 64).fill(0x21), 512), [8, 64]],
    'l.qzeros': [storage('1', 'IntStorage', new Uint8Array(4 * 2 * 8), 16), [2, 8]],
    'l.scales': [storage('2', 'HalfStorage', new Uint8Array(2 * 2 * 64).fill(0x3c), 128), [2, 64]],
  } as const;
  const state = new Map(
    Object.entries(parts).map(([name, [one, [rows, columns]]]) => [
      name,
      tensorRef(one, [rows, columns], [columns, 1]),
    ]),
  );
  const opened = await openCheckpoint(
    memorySource(
      'x.bin',
      torchZip(
        state,
        Object.values(parts).map(([one]) => one),
      ),
    ),
  );
  if (!opened.ok) throw new Error(opened.fault.message);
  expect(opened.value.tensors).toMatchObject([{ name: 'l.weight', storage: 'GPTQ-4', shape: [64, 64] }]);
  // Codes 1 and 2 alternate, zero points are 0 + 1.
  const scale = 1.05859375;
  expect([...(await readAll(opened.value.tensors[0]!))].slice(0, 4)).toEqual([0, scale, 0, scale]);
});

test('packed weights are linear, and their output channels are known', async () => {
  const opened = await openCheckpoint(
    memorySource('x.safetensors', bytesOf('checkpoints/packed/mxfp4/model.safetensors')),
  );
  const expert = opened.ok ? opened.value.tensors.find(({ name }) => name.endsWith('down_proj')) : undefined;
  expect(expert).toMatchObject({ roleHint: 'linear', axes: { output: [1], input: [2], kernel: [] } });
});

test('tensors that are merely named like parts are left alone', async () => {
  const half = (name: string, shape: number[]) => ({ name, dtype: 'F16', shape, bytes: new Uint8Array(2 * shape[0]!) });
  const tensors = [half('a.weight', [2]), half('a.weight_scale', [1]), half('b_blocks', [4])];
  const opened = await openCheckpoint(memorySource('x.safetensors', safetensorsBytes(tensors)));
  expect(opened.ok && opened.value.tensors.map(({ name }) => name)).toEqual(['a.weight', 'a.weight_scale', 'b_blocks']);
  expect(opened.ok && opened.value.findings).toEqual([]);
});

test.each([
  [
    {
      quantization_config: { quant_method: 'gptq', bits: 4, group_size: 128, checkpoint_format: 'gptq_v2' },
      torch_dtype: 'float16',
    },
    { method: 'gptq', bits: 4, groupSize: 128, checkpointFormat: 'gptq_v2', dtype: 'F16' },
  ],
  [{ bits: 3, group_size: -1, desc_act: true }, { bits: 3 }],
  [
    { w_bit: 4, q_group_size: 64, zero_point: true },
    { bits: 4, groupSize: 64 },
  ],
  [
    { quantization_config: { quant_method: 'fp8', weight_block_size: [128, 64] }, dtype: 'bfloat16' },
    { method: 'fp8', blockSize: [128, 64], dtype: 'BF16' },
  ],
  [{ quantization_config: { weight_block_size: [0, 64], bits: 'four' } }, {}],
  ['nonsense', {}],
])('configuration %j', (json, expected) => expect(parsePackingConfig(json)).toEqual(expected));
