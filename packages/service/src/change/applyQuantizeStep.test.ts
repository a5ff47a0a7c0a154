import { readFileSync } from 'node:fs';
import { idleWork } from '@espalier/base';
import { openCheckpoint, readValues } from '@espalier/checkpoint';
import { memorySource } from '@espalier/tensor';
import { fixturePath } from '@espalier/testkit';
import { expect, test } from 'vitest';
import { reportCsv, reportMarkdown } from '../report/changeTexts.js';
import { MemoryFiles, safetensorsBytes } from '../testing/memoryFiles.js';
import { memoryMachine } from '../testing/memoryMachine.js';
import { planRecipe } from './planRecipe.js';
import { runRecipe } from './runRecipe.js';

const MODEL = '/work/model.safetensors';
const wave = (count: number, phase: number): number[] =>
  Array.from({ length: count }, (_, i) => Math.sin(1.7 * i + phase) * (1 + (i % 5)));

/** Four layers, so that neither the second nor the third is first or last. */
const model = (odd = 0): Uint8Array =>
  safetensorsBytes({
    'conv1.weight': { shape: [4, 2, 2, 2], values: wave(32, 1) },
    'conv2.weight': { shape: [4, 4, 2, 2], values: wave(64, 2) },
    'fc1.weight': { shape: [6, 32], values: [odd === 0 ? 0.5 : odd, ...wave(191, 3)] },
    'fc1.bias': { shape: [6], values: wave(6, 4) },
    'fc2.weight': { shape: [3, 6], values: wave(18, 5) },
  });

const bench = (odd = 0) => memoryMachine(new MemoryFiles().write(MODEL, model(odd)));
const recipe = (step: string, output = 'out/q.safetensors', before = ''): string =>
  `input: model.safetensors\nsteps:\n${before}  - quantize: ${step}\noutput: ${output}\n`;

async function run(text: string, b = bench()) {
  const query = { recipe: text, folder: '/work', overwrite: false, detail: 'full' } as const;
  return { b, answer: await runRecipe(query, b.ports, idleWork()) };
}

async function opened(files: MemoryFiles, path: string) {
  const source = await files.open(path);
  if (!source.ok) throw new Error(path);
  const found = await openCheckpoint(memorySource('q.safetensors', await source.value.read(0, source.value.sizeBytes)));
  if (!found.ok) throw new Error(found.fault.message);
  return found.value;
}

test('weights between the first and the last layer become codes with scales, and the file reads as the same tensors', async () => {
  const { b, answer } = await run(recipe('{ method: post-training }'));
  if (!answer.ok) throw new Error(JSON.stringify(answer.fault));
  const { layers, bytes, report } = answer.value;
  expect(layers.map(({ name, quantization }) => [name, quantization?.scheme, quantization?.granularity])).toEqual([
    ['conv2.weight', 'int8-sym', 'channel'],
    ['fc1.weight', 'int8-sym', 'channel'],
  ]);
  expect(layers.every(({ quantization }) => Number(quantization?.sqnrDb) > 40)).toBe(true);
  // Codes of one byte, a scale of four for each channel.
  expect(bytes).toEqual({ before: 4 * (32 + 64 + 192 + 6 + 18), after: 4 * (32 + 6 + 18) + 64 + 16 + 192 + 24 });
  const after = await opened(b.files, '/work/out/q.safetensors');
  const stored = Object.fromEntries(after.tensors.map((entry) => [entry.name, [entry.storage, entry.shape]]));
  expect(stored).toEqual({
    'conv1.weight': ['F32', [4, 2, 2, 2]],
    'conv2.weight': ['int8-sym', [4, 4, 2, 2]],
    'fc1.weight': ['int8-sym', [6, 32]],
    'fc1.bias': ['F32', [6]],
    'fc2.weight': ['F32', [3, 6]],
  });
  const [, conv2] = after.tensors;
  const worst = Math.max(
    ...[...(await readValues(conv2!))].map((value, i) => Math.abs(value - Math.fround(wave(64, 2)[i]!))),
  );
  expect(worst).toBeLessThan((5 / 127) * 0.5 * 1.001);
  expect(after.metadata).toMatchObject({
    'quant.version': '1',
    'quant.recipe': expect.stringMatching(/^\{.*\}$/),
    'quant.conv2.weight': expect.stringContaining('int8-sym'),
  });
  const changed = report!.content.plan.layers.find(({ name }) => name === 'fc1.weight');
  expect(changed).toMatchObject({ storage: { before: 'F32', after: 'int8-sym' }, quantization: { bits: 8 } });
  expect(report!.content.plan.layers.find(({ name }) => name === 'fc2.weight')?.leftAlone).toMatch(/last/);
});

test('rules make exceptions, and one that matches nothing is told', async () => {
  const { answer } = await run(
    recipe(
      '{ method: post-training, default: { scheme: int4-sym, granularity: group, groupSize: 8 }, rules: [{ match: fc2.*, scheme: binary }, { match: conv2.*, scheme: keep }, { match: nothing, scheme: keep }] }',
    ),
  );
  if (!answer.ok) throw new Error(JSON.stringify(answer.fault));
  expect(answer.value.layers.map(({ name, quantization }) => [name, quantization?.scheme])).toEqual([
    ['fc1.weight', 'int4-sym'],
    ['fc2.weight', 'binary'],
  ]);
  expect(answer.value.notes.map(({ code }) => code)).toEqual(['quantize/idle-rule', 'quantize/untrained-binary']);
});

test('zeros of an earlier step stay zeros, and what is quantized is not pruned afterwards', async () => {
  const before = '  - prune: { method: magnitude, sparsity: 0.5 }\n';
  const { b, answer } = await run(
    recipe('{ method: post-training, default: { scheme: int8-asym } }', 'out/q.safetensors', before),
  );
  if (!answer.ok) throw new Error(JSON.stringify(answer.fault));
  const zeros = answer.value.layers.find(({ name }) => name === 'fc1.weight')!;
  const fc1 = (await opened(b.files, '/work/out/q.safetensors')).tensors.find(({ name }) => name === 'fc1.weight')!;
  const stored = [...(await readValues(fc1))].filter((value) => value === 0).length;
  expect(stored).toBe(zeros.zerosAfter);
  expect(zeros.zerosAfter).toBeGreaterThan(40);
  const late = await run(
    `input: model.safetensors\nsteps:\n  - quantize: { method: post-training, rules: [{ match: '*.weight', scheme: int8-sym }] }\n  - prune: { method: magnitude, sparsity: 0.5 }\noutput: o.safetensors\n`,
  );
  expect(late.answer).toMatchObject({
    ok: false,
    fault: {
      fault: { code: 'prune/nothing-to-prune', message: expect.stringContaining('an earlier step quantized it') },
    },
  });
});

test('NaN is refused where it is, or the tensor is kept if that is asked for', async () => {
  const refused = await run(recipe('{ method: post-training }'), bench(Number.NaN));
  expect(refused.answer).toMatchObject({
    ok: false,
    fault: { fault: { code: 'quantize/non-finite', message: expect.stringContaining('fc1.weight has 1 values') } },
  });
  const kept = await run(recipe('{ method: post-training, nonFinite: keep }'), bench(Number.NaN));
  if (!kept.answer.ok) throw new Error(JSON.stringify(kept.answer.fault));
  expect(kept.answer.value.layers.map(({ name }) => name)).toEqual(['conv2.weight']);
  expect(kept.answer.value.notes[0]).toMatchObject({ code: 'quantize/non-finite', tensor: 'fc1.weight' });
});

test('infinities become the largest finite magnitude where that is asked for, and it is told', async () => {
  const { b, answer } = await run(
    recipe('{ method: post-training, nonFinite: clamp, default: { granularity: tensor } }'),
    bench(Number.NEGATIVE_INFINITY),
  );
  if (!answer.ok) throw new Error(JSON.stringify(answer.fault));
  expect(answer.value.notes).toMatchObject([
    {
      code: 'quantize/non-finite',
      tensor: 'fc1.weight',
      message: expect.stringMatching(/has 1 values.*largest finite/),
    },
  ]);
  const fc1 = (await opened(b.files, '/work/out/q.safetensors')).tensors.find(({ name }) => name === 'fc1.weight')!;
  const [first, ...rest] = await readValues(fc1);
  expect(first).toBeCloseTo(-Math.max(...rest.map(Math.abs)), 5);
});

test.each([
  ['{ method: gguf }', 'out/q.safetensors', 'quantize/no-place'],
  ['{ method: post-training, default: { scheme: keep } }', 'out/q.safetensors', 'quantize/nothing'],
])(
  '%s to %s fails with %s, in the plan already where it can be known, and nothing is written',
  async (step, output, code) => {
    const b = bench();
    const planned = await planRecipe({ recipe: recipe(step, output), folder: '/work' }, b.files, idleWork(), () => {});
    expect(planned).toMatchObject({ kind: 'fault', fault: { code } });
    const { answer } = await run(recipe(step, output), b);
    expect(answer).toMatchObject({ ok: false, fault: { fault: { code } } });
    expect(await b.files.stat('/work/out/q.safetensors')).toBeNull();
  },
);

test('half precision halves the bytes', async () => {
  const { b, answer } = await run(recipe("{ method: post-training, rules: [{ match: '**', scheme: bf16 }] }"));
  if (!answer.ok) throw new Error(JSON.stringify(answer.fault));
  expect(answer.value.bytes).toEqual({ before: 1248, after: 624 });
  const { tensors } = await opened(b.files, '/work/out/q.safetensors');
  expect(new Set(tensors.map(({ storage }) => storage))).toEqual(new Set(['BF16']));
});

test('the report says how much smaller the tensors are, and what each of them loses', async () => {
  const { answer } = await run(
    recipe(
      '{ method: post-training, default: { scheme: int8-sym, granularity: channel }, rules: [{ match: fc1.*, scheme: int4-sym }] }',
    ),
  );
  if (!answer.ok) throw new Error(JSON.stringify(answer.fault));
  const { content } = answer.value.report!;
  const [conv2, fc1] = content.plan.layers.flatMap(({ name, quantization }) =>
    quantization === undefined || name.endsWith('bias') ? [] : [quantization],
  );
  expect(content.title).toBe('model.safetensors · post-training int8-sym by channel');
  const [smaller, signal] = content.verdict;
  // Of conv2 and fc1 with its bias: 64 + 192 + 6 weights of four bytes before, codes and scales after.
  const after = 64 + 4 * 4 + 192 / 2 + 6 * 4 + (6 / 2 + 4);
  expect(smaller![0]!.text).toBe(`${((4 * (64 + 192 + 6)) / after).toFixed(1)}x`);
  expect(smaller![1]!.text).toBe(' smaller: 3 tensors with 4 to 8 bits a weight;');
  const db = Number(signal![0]!.text.replace(' dB', ''));
  expect(db).toBeGreaterThan(Number(fc1!.sqnrDb));
  expect(db).toBeLessThan(Number(conv2!.sqnrDb));
  const markdown = reportMarkdown(content);
  expect(markdown).toContain('| Layer | Shape | Weights | Zero % before | After | Energy kept % | Patterns | Scheme |');
  expect(markdown).toMatch(/\| fc1\.weight \|.* \| int4-sym \| channel \| 5\.00 \| \d\d\.\d \| 0\.99\d{3} \|/);
  expect(reportCsv(content)).toMatch(/fc1\.weight,.*,int4-sym,channel,5,\d\d\.\d+,0\.99\d+,0\.\d+/);
});

test('two names of one storage are quantized alike', async () => {
  const bytes = new Uint8Array(readFileSync(fixturePath('checkpoints/pytorch/views.pt')));
  const b = memoryMachine(new MemoryFiles().write('/work/views.pt', bytes));
  const { answer } = await run(
    `input: views.pt\nsteps:\n  - quantize: { method: post-training, rules: [{ match: embed.weight, scheme: int4-asym }] }\noutput: q.safetensors\n`,
    b,
  );
  if (!answer.ok) throw new Error(JSON.stringify(answer.fault));
  const { tensors } = await opened(b.files, '/work/q.safetensors');
  const [embed, head] = ['embed.weight', 'head.weight'].map((name) => tensors.find((entry) => entry.name === name)!);
  expect([embed!.storage, head!.storage]).toEqual(['int4-asym', 'int4-asym']);
  expect(await readValues(head!)).toEqual(await readValues(embed!));
});

test('bits of each layer follow a budget, with what that gains beside the same bits for all', async () => {
  const text = recipe(
    "{ method: post-training, mixed: { bitsPerWeight: 5 }, rules: [{ match: 'fc2.weight', scheme: int8-sym }] }",
  );
  const { answer } = await run(text);
  if (!answer.ok) throw new Error(JSON.stringify(answer.fault));
  const { layers, notes } = answer.value;
  const bits = Object.fromEntries(layers.map(({ name, quantization }) => [name, quantization?.bits]));
  // 256 weights in 160 bytes: both in 4 bits take 128, the small one in 8 bits 160.
  expect(bits).toEqual({ 'conv2.weight': 8, 'fc1.weight': 4, 'fc2.weight': 8 });
  expect(notes.find(({ code }) => code === 'quantize/mixed')!.message).toMatch(
    /^Mixed precision: 1 of 4 bits, 1 of 8 bits; 160 B of codes of 160 B allowed, \d+\.\d dB kept, \d\.\d dB more than 4 bits for all with 128 B\.$/,
  );
  const tight = await run(recipe('{ method: post-training, mixed: { bytes: 60 } }'));
  expect(tight.answer).toMatchObject({ fault: { fault: { code: 'quantize/budget', expected: 64, found: 60 } } });
});

test('symmetric codes say what each way of choosing the range would keep', async () => {
  const { answer } = await run(recipe('{ method: post-training, default: { range: mse } }'));
  const [conv2] = answer.ok ? answer.value.layers : [];
  const { ranges, sqnrDb } = conv2!.quantization!;
  expect(ranges).toMatchObject({ values: 64, of: 64 });
  // All values were compared: it is what the codes keep.
  expect(ranges!.sqnrDb.mse).toBeCloseTo(Number(sqnrDb), 9);
  expect(Number(ranges!.sqnrDb.max)).toBeLessThanOrEqual(Number(ranges!.sqnrDb.mse));
});
