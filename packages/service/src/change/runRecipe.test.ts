import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { idleWork } from '@espalier/base';
import { openCheckpoint, readValues } from '@espalier/checkpoint';
import type { PlanItem } from '@espalier/protocol';
import { memorySource } from '@espalier/tensor';
import { fixturePath } from '@espalier/testkit';
import { expect, test } from 'vitest';
import { MemoryFiles, safetensorsBytes } from '../testing/memoryFiles.js';
import { type MemoryMachine, memoryMachine } from '../testing/memoryMachine.js';
import { planRecipe } from './planRecipe.js';
import { type RunQuery, runRecipe } from './runRecipe.js';

const MODEL = '/work/model.safetensors';
const range = (count: number, from = 1): number[] => Array.from({ length: count }, (_, i) => ((i * 7) % count) + from);

const model = (): Uint8Array =>
  safetensorsBytes({
    'conv1.weight': { shape: [4, 2, 2, 2], values: range(32) },
    'conv1.bias': { shape: [4], values: [1, 2, 3, 4] },
    'fc.weight': { shape: [2, 8], values: range(16, 40) },
  });

const bench = (options: Parameters<typeof memoryMachine>[1] = {}): MemoryMachine =>
  memoryMachine(new MemoryFiles().write(MODEL, model()), options);

const RECIPE = `input: model.safetensors
steps:
  - prune: { method: magnitude, sparsity: 0.5 }
output: out/half.safetensors
`;

const run = ({ ports }: MemoryMachine, recipe: string, more: Partial<RunQuery> = {}, signal?: AbortSignal) =>
  runRecipe({ recipe, folder: '/work', overwrite: false, detail: 'full', ...more }, ports, idleWork(signal));

async function valuesOf(files: MemoryFiles, path: string): Promise<Record<string, number[]>> {
  const source = await files.open(path);
  if (!source.ok) throw new Error(path);
  const opened = await openCheckpoint(
    memorySource('x.safetensors', await source.value.read(0, source.value.sizeBytes)),
  );
  if (!opened.ok) throw new Error(opened.fault.message);
  const all: Record<string, number[]> = {};
  for (const entry of opened.value.tensors) all[entry.name] = [...(await readValues(entry))];
  return all;
}

test('half of the weights go, the smallest; the others and every other tensor stay', async () => {
  const b = bench();
  const answer = await run(b, RECIPE);
  if (!answer.ok) throw new Error(JSON.stringify(answer.fault));
  const after = await valuesOf(b.files, '/work/out/half.safetensors');
  // 48 weights; the 24 smallest are those of the convolution up to 24.
  expect(after['conv1.weight']).toEqual(range(32).map((value) => (value <= 24 ? 0 : value)));
  expect(after['fc.weight']).toEqual(range(16, 40));
  expect(after['conv1.bias']).toEqual([1, 2, 3, 4]);
  expect(answer.value.layers).toEqual([
    { name: 'conv1.weight', elements: 32, zerosBefore: 0, zerosAfter: 24 },
    { name: 'fc.weight', elements: 16, zerosBefore: 0, zerosAfter: 0 },
  ]);
  expect(answer.value.output).toBe('/work/out/half.safetensors');
});

test('the report is written beside the output and says how it was made', async () => {
  const b = bench();
  const answer = await run(b, RECIPE);
  const source = await b.files.open('/work/out/half.safetensors.report.json');
  if (!answer.ok || !source.ok) throw new Error();
  const written = JSON.parse(new TextDecoder().decode(await source.value.read(0, source.value.sizeBytes)));
  expect(written).toEqual(answer.value.report?.content);
  expect(written).toMatchObject({
    schemaVersion: 1,
    title: 'model.safetensors · magnitude 50 % model-wide',
    accuracy: null,
    accuracyMissing: 'no evaluate command',
    provenance: { recipe: RECIPE, seed: 1, version: '1.2.3', machine: 'a machine' },
  });
  expect(written.plan.totals).toMatchObject({
    prunableElements: { before: 48, after: 48 },
    prunableZeros: { before: 0, after: 24 },
  });
  const text = written.verdict
    .flat()
    .map((part: { text: string }) => part.text)
    .join('');
  expect(text).toMatch(
    /^50\.0 % of 48 weights are zero, 0 % were;.*x as fast here, \S+ ms → \S+ ms for the products, if \d of 2 layers skip their zeros,1\.0x where a runtime computes dense/,
  );
  const [conv, fc] = written.plan.layers.filter(({ leftAlone }: { leftAlone: string | null }) => leftAlone === null);
  expect(conv.latency).toMatchObject({ problem: expect.stringContaining(' by 256 (assumed)'), devices: [] });
  expect(conv.latency.ways.map(({ way }: { way: string }) => way)).toEqual(
    expect.arrayContaining(['dense', 'csr', 'int8']),
  );
  expect(conv.latency.ways[0].ms).toMatchObject({ value: expect.any(Number), how: { kind: 'measured' } });
  expect(fc.latency.ways.map(({ way }: { way: string }) => way)).toEqual(['dense', 'int8']);
});

test('devices that the recipe names are estimated in plan and report; an unknown one is told', async () => {
  const b = bench();
  const answer = await run(b, `${RECIPE}devices: [a100, raspberry-pi-4]\n`);
  if (!answer.ok) throw new Error(JSON.stringify(answer.fault));
  const { plan } = answer.value.report!.content;
  expect(plan.devices).toMatchObject([
    {
      device: 'a100',
      beforeMs: { how: { kind: 'estimate', profile: 'NVIDIA A100 40 GB SXM' } },
      boundBy: { overhead: 2 },
    },
    { device: 'raspberry-pi-4', sparse: { layers: 0, of: 2 } },
  ]);
  const conv = plan.layers.find(({ name }) => name === 'conv1.weight')!.latency!;
  expect(conv.devices.map(({ device, boundBy }) => [device, boundBy])).toEqual([
    ['a100', 'overhead'],
    ['raspberry-pi-4', 'overhead'],
  ]);
  // Both are there: what was timed here, and what was estimated.
  expect(conv.ways.length).toBeGreaterThan(0);
  const unknown = await run(bench(), `${RECIPE}devices: [a1000]\n`);
  expect(unknown).toMatchObject({
    ok: false,
    fault: { fault: { code: 'device/unknown', message: 'There is no profile of a device a1000. Did you mean a100?' } },
  });
});

test('the output says the same in its metadata', async () => {
  const b = bench();
  await run(b, RECIPE);
  const source = await b.files.open('/work/out/half.safetensors');
  const opened = source.ok ? await openCheckpoint(source.value) : source;
  expect(opened.ok && opened.value.metadata).toMatchObject({
    'espalier.version': '1.2.3',
    'espalier.input': 'model.safetensors',
    'espalier.recipe': RECIPE,
  });
});

test('steps follow each other: what one drops stays dropped, re-filling takes the values of the input', async () => {
  const b = bench();
  const twice = `input: model.safetensors
steps:
  - prune: { method: n-m }
    exclude: ["conv1"]
  - prune: { method: magnitude, sparsity: 0.75 }
output: twice.safetensors
`;
  const answer = await run(b, twice);
  if (!answer.ok) throw new Error(JSON.stringify(answer.fault));
  const after = await valuesOf(b.files, '/work/twice.safetensors');
  expect(after['fc.weight']!.filter((value) => value === 0).length).toBeGreaterThanOrEqual(8);
  expect(
    Object.values(after)
      .flat()
      .filter((value) => value === 0),
  ).toHaveLength(36);
  const filled = await run(
    b,
    'input: model.safetensors\nsteps:\n  - prune: magnitude\n  - structure: refill\noutput: filled.safetensors\n',
  );
  if (!filled.ok) throw new Error();
  const rows = (await valuesOf(b.files, '/work/filled.safetensors'))['conv1.weight']!;
  const before = range(32);
  for (let row = 0; row < 4; row++) {
    const own = rows.slice(row * 8, row * 8 + 8);
    expect([before.slice(row * 8, row * 8 + 8), new Array(8).fill(0)]).toContainEqual(own);
  }
});

test('a mask of another checkpoint is found from the folder of the recipe', async () => {
  const b = bench();
  b.files.write(
    '/work/masks/m.safetensors',
    safetensorsBytes({ 'fc.weight': { shape: [2, 8], values: range(16).map((_, i) => i % 2) } }),
  );
  const answer = await run(
    b,
    'input: model.safetensors\nsteps:\n  - prune: { method: mask, file: masks/m.safetensors }\noutput: masked.safetensors\n',
  );
  expect(answer).toMatchObject({
    ok: true,
    value: {
      notes: [{ code: 'prune/no-mask', tensor: 'conv1.weight' }],
      layers: [{ name: 'fc.weight', zerosAfter: 8 }],
    },
  });
});

test.each([
  ['steps: []\n', 'problems', 'recipe/missing'],
  [RECIPE.replace('0.5', '50'), 'problems', 'option/range'],
  [RECIPE.replace('model.s', 'gone.s'), 'fault', 'path/not-found'],
  [RECIPE.replace('out/half.safetensors', 'out/half.h5'), 'fault', 'output/no-writer'],
  [RECIPE.replace('output: out/half.safetensors\n', ''), 'fault', 'recipe/no-output'],
  [`${RECIPE}exclude: ["*.weight"]\n`, 'fault', 'prune/nothing-to-prune'],
])('%s fails with %s %s, and nothing is written', async (recipe, kind, code) => {
  const b = bench();
  const answer = await run(b, recipe);
  expect(answer.ok).toBe(false);
  if (answer.ok) return;
  expect(answer.fault.kind).toBe(kind);
  expect(
    answer.fault.kind === 'fault' ? answer.fault.fault.code : answer.fault.problems.map((problem) => problem.code),
  ).toEqual(kind === 'fault' ? code : expect.arrayContaining([code]));
  expect((await b.files.list('/work')).map(({ name }) => name)).toEqual(['model.safetensors']);
});

test.each([
  ['create', 'output/exists'],
  ['write', 'output/no-space'],
] as const)('what fails at %s leaves nothing', async (fail, code) => {
  const b = bench({ fail });
  expect(await run(b, RECIPE)).toMatchObject({ ok: false, fault: { kind: 'fault', fault: { code } } });
  expect((await b.files.list('/work')).map(({ name }) => name)).toEqual(['model.safetensors']);
});

test('an input that changes meanwhile is noticed, and nothing is written', async () => {
  const b = bench({ onWrite: (files) => files.write(MODEL, model()) });
  expect(await run(b, RECIPE)).toMatchObject({ ok: false, fault: { fault: { code: 'file/changed' } } });
  expect((await b.files.list('/work')).map(({ name }) => name)).toEqual(['model.safetensors']);
});

test('a cancel flies and leaves nothing', async () => {
  const b = bench();
  const controller = new AbortController();
  controller.abort();
  await expect(run(b, RECIPE, {}, controller.signal)).rejects.toThrow();
  expect((await b.files.list('/work')).map(({ name }) => name)).toEqual(['model.safetensors']);
});

test('a dry run counts and writes nothing', async () => {
  const b = bench();
  expect(await run(b, RECIPE, { dryRun: true })).toMatchObject({
    ok: true,
    value: { output: null, layers: [{ zerosAfter: 24 }, {}] },
  });
  expect((await b.files.list('/work')).map(({ name }) => name)).toEqual(['model.safetensors']);
});

test('the evaluate command measures the result and the input; without trust it does not run', async () => {
  const recipe = `${RECIPE}evaluate: measure {output}\n`;
  const trusted = bench();
  const answer = await run(trusted, recipe);
  expect(trusted.commands).toEqual(['measure "/work/out/half.safetensors"', 'measure "/work/model.safetensors"']);
  expect(answer.ok && answer.value.report?.content.accuracy).toEqual({
    before: 92,
    after: 91,
    command: 'measure {output}',
  });
  const untrusted = bench({ trusted: false });
  const second = await run(untrusted, recipe);
  expect(second.ok && second.value.report?.content).toMatchObject({
    accuracy: null,
    accuracyMissing: 'the workspace is not trusted: nothing is run',
  });
});

test('a plan tells the same without writing, layer by layer', async () => {
  const b = bench();
  const items: PlanItem[] = [];
  const answer = await planRecipe({ recipe: RECIPE, folder: '/work' }, b.files, idleWork(), (item) => items.push(item));
  if (answer.kind !== 'plan') throw new Error(answer.kind);
  expect(items.flatMap((item) => (item.kind === 'layer' ? [item.layer.name] : []))).toEqual([
    'conv1.weight',
    'conv1.bias',
    'fc.weight',
  ]);
  const [conv, bias, fc] = answer.plan.layers;
  expect(conv).toMatchObject({
    zeros: { before: 0, after: 24 },
    leftAlone: null,
    sizes: { before: { raw: 128 }, after: { raw: 128 } },
  });
  const energy = range(32).reduce((sum, value) => sum + value * value, 0);
  const kept = range(32).reduce((sum, value) => sum + (value > 24 ? value * value : 0), 0);
  expect(conv!.energyKept).toBeCloseTo(kept / energy, 9);
  expect(bias).toMatchObject({ leftAlone: 'bias, not a weight of a convolution or a linear layer' });
  expect(fc).toMatchObject({ zeros: { before: 0, after: 0 }, energyKept: 1 });
  expect(answer.plan.outputs).toMatchObject([{ path: '/work/out/half.safetensors', format: 'safetensors' }]);
  const sorted = range(32).sort((a, c) => a - c);
  const half = sorted.slice(0, 16).reduce((sum, value) => sum + value * value, 0);
  expect(answer.plan.sensitivity[0]!.energyLost[0]).toBeCloseTo(half / energy, 12);
  expect((await b.files.list('/work')).map(({ name }) => name)).toEqual(['model.safetensors']);
});

test('a plan says which limits of the recipe the result would break, as far as it knows', async () => {
  const b = bench();
  const budget = `budget:
  size: 1
  accuracy: 2
  sparsity: [{ match: "**", atLeast: 0.5 }, { match: fc, atLeast: 0.1 }]
  pattern: [{ match: conv1, is: "4:8" }, { match: nothing, is: "2:4" }]
`;
  const answer = await planRecipe({ recipe: RECIPE + budget, folder: '/work' }, b.files, idleWork(), () => {});
  if (answer.kind !== 'plan') throw new Error(answer.kind);
  expect(answer.plan.notes.filter(({ code }) => code.startsWith('budget/')).map(({ message }) => message)).toEqual([
    'Over the budget: the tensors alone take 208 B, the budget allows 1 B.',
    'Over the budget: 0 % of 16 weights of fc are zero, the budget asks for 10.0 %.',
    'Over the budget: 4:8 does not hold in 1 of 1 tensors of conv1: conv1.weight.',
    'Over the budget: nothing matches no weight of a convolution, linear, recurrent or embedding layer.',
  ]);
});

test('a report says how the file that was written stands to every limit of its recipe', async () => {
  const budget = `budget:
  size: 1
  accuracy: 2
  sparsity: [{ match: conv1, atLeast: 0.5 }, { match: fc, atLeast: 0.1 }]
  pattern: [{ match: conv1, is: "2:4" }]
  latency: [{ device: a100, atMostMs: 1 }]
  forbid: [error]
`;
  const answer = await run(bench(), RECIPE + budget);
  if (!answer.ok) throw new Error(JSON.stringify(answer.fault));
  const { content } = answer.value.report!;
  expect(content.limits!.map(({ code, verdict }) => [code, verdict])).toEqual([
    ['budget/size', 'broken'],
    ['budget/sparsity', 'kept'],
    ['budget/sparsity', 'broken'],
    ['budget/pattern', 'broken'],
    ['budget/latency', 'unknown'],
    ['budget/accuracy', 'unknown'],
    ['budget/forbidden', 'kept'],
  ]);
  // Of the file itself, not of what was planned.
  expect(content.limits![0]!.message).toContain(`${content.provenance.outputs[0]!.bytes} B on disk`);
  const without = await run(bench(), RECIPE);
  expect(without.ok && without.value.report!.content).not.toHaveProperty('limits');
});

test('a layer that would be empty is warned of', async () => {
  const b = bench();
  b.files.write(
    MODEL,
    safetensorsBytes({
      'a.weight': { shape: [2, 2], values: [1, 1, 1, 1] },
      'b.weight': { shape: [4, 4], values: range(16, 10) },
    }),
  );
  const answer = await planRecipe({ recipe: RECIPE, folder: '/work' }, b.files, idleWork(), () => {});
  expect(answer).toMatchObject({ kind: 'plan', plan: { notes: [{ code: 'prune/layer-empty', tensor: 'a.weight' }] } });
});

test('tensors without elements pass through', async () => {
  const b = bench();
  b.files.write(
    MODEL,
    safetensorsBytes({
      'empty.weight': { shape: [0, 8], values: [] },
      'fc.weight': { shape: [2, 8], values: range(16) },
      'tail.weight': { shape: [4, 0], values: [] },
    }),
  );
  const answer = await run(b, RECIPE);
  if (!answer.ok) throw new Error(JSON.stringify(answer.fault));
  expect(await valuesOf(b.files, '/work/out/half.safetensors')).toEqual({
    'empty.weight': [],
    'fc.weight': range(16).map((value) => (value <= 8 ? 0 : value)),
    'tail.weight': [],
  });
});

test('a model of nothing but tensors without elements has nothing to prune', async () => {
  const b = bench();
  b.files.write(MODEL, safetensorsBytes({ 'empty.weight': { shape: [0, 8], values: [] } }));
  expect(await run(b, RECIPE)).toMatchObject({ fault: { fault: { code: 'prune/nothing-to-prune' } } });
  expect((await b.files.open('/work/out/half.safetensors')).ok).toBe(false);
});

test('a state dict of an input that knew more has a manifest of its shapes beside it; one of a state dict has none', async () => {
  const b = bench();
  b.files.write('/work/cnn.onnx', new Uint8Array(readFileSync(fixturePath('checkpoints/onnx/cnn.onnx'))));
  const recipe = RECIPE.replace('model.safetensors', 'cnn.onnx');
  const answer = await run(b, recipe);
  if (!answer.ok) throw new Error(JSON.stringify(answer.fault));
  expect(answer.value.report?.content.plan.notes.map(({ code }) => code)).toContain('output/shape-manifest');
  const source = await b.files.open('/work/out/half.safetensors.shapes.json');
  if (!source.ok) throw new Error('no manifest');
  const manifest = JSON.parse(new TextDecoder().decode(await source.value.read(0, source.value.sizeBytes)));
  expect(manifest).toMatchObject({
    schemaVersion: 1,
    kind: 'espalier-shape-manifest',
    checkpoint: 'half.safetensors',
    input: { name: 'cnn.onnx', format: 'onnx' },
    removed: [],
    leftOut: [],
  });
  expect(manifest.layers).toContainEqual({
    name: 'depthwise',
    kind: 'depthwise-conv',
    weight: 'depthwise.weight',
    outputs: 16,
    inputs: 1,
    kernel: [3, 3],
    groups: 16,
  });
  expect(Object.keys(await valuesOf(b.files, '/work/out/half.safetensors'))).toEqual(
    manifest.tensors.map(({ name }: { name: string }) => name),
  );
  const plain = bench();
  await run(plain, RECIPE);
  expect((await plain.files.open('/work/out/half.safetensors.shapes.json')).ok).toBe(false);
});

/**
 * A module with `torch.nn.utils.prune` loaded these bytes, computed with their product, and `remove` left the pruned weights: fixtures/generate/written_pairs.py has looked at the file
 * that this test keeps where `ESPALIER_WRITTEN` names a folder.
 */
test('zeroed weights can be written as the pairs of PyTorch', async () => {
  const b = bench();
  const recipe = RECIPE.replace('output: out/half.safetensors', 'output: { path: out/half.pt, masks: pytorch }');
  const answer = await run(b, recipe, { detail: 'counts' });
  if (!answer.ok) throw new Error(JSON.stringify(answer.fault));
  const source = await b.files.open('/work/out/half.pt');
  if (!source.ok) throw new Error();
  const bytes = await source.value.read(0, source.value.sizeBytes);
  const opened = await openCheckpoint(memorySource('half.pt', bytes));
  if (!opened.ok) throw new Error(opened.fault.message);
  const [first] = opened.value.tensors;
  expect(first).toMatchObject({ name: 'conv1.weight', packedFrom: ['conv1.weight_orig', 'conv1.weight_mask'] });
  expect([...(await readValues(first!))]).toEqual(range(32).map((value) => (value <= 24 ? 0 : value)));
  expect(opened.value.tensors.map(({ name }) => name)).toEqual(['conv1.weight', 'conv1.bias', 'fc.weight']);
  if (process.env['ESPALIER_WRITTEN'] !== undefined)
    writeFileSync(join(process.env['ESPALIER_WRITTEN'], 'half.pt'), bytes);
  const golden = JSON.parse(readFileSync(fixturePath('golden/written-pairs.json'), 'utf8')) as { sha256: string };
  expect(createHash('sha256').update(bytes).digest('hex')).toBe(golden.sha256);
});

test('pairs have no place in a format that PyTorch does not read', async () => {
  const answer = await run(bench(), RECIPE.replace('out/half.safetensors', '{ path: out/half.onnx, masks: pytorch }'));
  expect(answer).toMatchObject({ fault: { fault: { code: 'output/masks' } } });
});
