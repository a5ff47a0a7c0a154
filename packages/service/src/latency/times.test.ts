import { readFileSync } from 'node:fs';
import type { TimesItem } from '@espalier/protocol';
import { fixturePath, safetensorsBytes } from '@espalier/testkit';
import { expect, test } from 'vitest';
import { createEngine } from '../engine.js';
import type { FactsCache } from '../ports.js';
import { createService, type Service } from '../service.js';
import type { Runner } from '../tasks.js';
import { MemoryFiles } from '../testing/memoryFiles.js';
import type { ModelTimer } from './keptWholeTimes.js';
import { baselineOf, problemText } from './speedUp.js';

const PATH = '/work/model.safetensors';
const never = new AbortController().signal;

/** Two layers, an embedding, a convolution in groups by its name, and a bias. */
function model(): Uint8Array {
  const values = (count: number): Float32Array =>
    Float32Array.from({ length: count }, (_, i) => (i % 3 === 0 ? i + 1 : 0));
  return safetensorsBytes([
    { name: 'fc1.weight', dtype: 'F32', shape: [8, 12], bytes: new Uint8Array(values(96).buffer) },
    { name: 'fc1.bias', dtype: 'F32', shape: [8], bytes: new Uint8Array(values(8).buffer) },
    { name: 'fc2.weight', dtype: 'F32', shape: [4, 8], bytes: new Uint8Array(values(32).buffer) },
    { name: 'embed.weight', dtype: 'F32', shape: [30, 12], bytes: new Uint8Array(values(360).buffer) },
  ]);
}

class MemoryCache implements FactsCache {
  readonly entries = new Map<string, unknown>();
  async get(key: string): Promise<unknown> {
    return this.entries.get(key) ?? null;
  }
  async put(key: string, value: unknown): Promise<void> {
    this.entries.set(key, JSON.parse(JSON.stringify(value)));
  }
}

function bench(
  files: MemoryFiles,
  cache: FactsCache,
  machine = 'this machine',
  modelTimer?: ModelTimer,
): { service: Service; asked: string[] } {
  const engine = createEngine(files, () => performance.now());
  const asked: string[] = [];
  const runner: Runner = {
    width: 1,
    run(kind, query, hooks) {
      if (kind === 'times') asked.push(...(query as { tensors: string[] }).tensors);
      return engine.run(kind, query, hooks);
    },
  };
  const settings = (): { limitBytes: number; nearZeroRatio: number } => ({ limitBytes: 1e9, nearZeroRatio: 1e-8 });
  return {
    service: createService({
      files,
      runner,
      cache,
      machine,
      now: () => 0,
      settings,
      ...(modelTimer && { modelTimer }),
    }),
    asked,
  };
}

async function measure(service: Service, more: object = {}): Promise<TimesItem[]> {
  const items: TimesItem[] = [];
  const end = await service.times({ path: PATH, ...more }, never, (item) => items.push(item));
  expect(end).toMatchObject({ ok: true, value: { machine: 'this machine' } });
  return items;
}

test('layers are timed once, the largest first, and what is no product says why', async () => {
  const files = new MemoryFiles().write(PATH, model());
  const cache = new MemoryCache();
  const { service, asked } = bench(files, cache);
  const items = await measure(service);
  expect(items.map(({ tensor, done, total }) => [tensor, done, total])).toEqual([
    ['embed.weight', 1, 3],
    ['fc1.weight', 2, 3],
    ['fc2.weight', 3, 3],
  ]);
  expect(items[0]).toMatchObject({ times: null, why: 'an embedding is looked up, not multiplied' });
  expect(items[1]!.times).toMatchObject({ rows: 8, inner: 12, columns: 256, columnsFrom: 'assumed', sparsity: 2 / 3 });
  expect([...(await service.knownTimes(PATH)).keys()]).toEqual(['fc1.weight', 'fc2.weight']);
  asked.length = 0;
  // Again, and in another process: nothing is measured but what could not be.
  await measure(service);
  const other = bench(files, cache);
  const again = await measure(other.service);
  expect(again.find(({ tensor }) => tensor === 'fc1.weight')!.times).toEqual(items[1]!.times);
  expect([asked, other.asked]).toEqual([['embed.weight'], ['embed.weight']]);
});

test('other columns, another machine, another version of the file and a wish are measured anew', async () => {
  const files = new MemoryFiles().write(PATH, model());
  const cache = new MemoryCache();
  const { service, asked } = bench(files, cache);
  await measure(service, { layers: ['fc1'] });
  const seven = await measure(service, { layers: ['fc1'], columns: 7 });
  expect(seven[0]!.times).toMatchObject({ columns: 7, columnsFrom: 'asked' });
  await measure(service, { layers: ['fc1'], columns: 7 });
  await measure(service, { layers: ['fc1'], columns: 7, again: true });
  expect(asked).toEqual(['fc1.weight', 'fc1.weight', 'fc1.weight']);
  expect((await bench(files, cache, 'another').service.knownTimes(PATH)).size).toBe(0);
  files.write(PATH, model());
  service.invalidate(PATH);
  expect((await service.knownTimes(PATH)).size).toBe(0);
});

test('a cancel keeps what was measured', async () => {
  const files = new MemoryFiles().write(PATH, model());
  const { service } = bench(files, new MemoryCache());
  const controller = new AbortController();
  const measured = service.times({ path: PATH, layers: ['fc*'] }, controller.signal, () => controller.abort());
  await expect(measured).rejects.toThrow();
  expect([...(await service.knownTimes(PATH)).keys()]).toEqual(['fc1.weight']);
});

test('a file that cannot be read is a fault', async () => {
  const { service } = bench(new MemoryFiles(), new MemoryCache());
  expect(await service.times({ path: PATH }, never, () => {})).toMatchObject({ ok: false });
});

test('convolutions in groups are so many products, with what each of them has', async () => {
  const values = (count: number): Uint8Array =>
    new Uint8Array(Float32Array.from({ length: count }, (_, i) => (i % 9 < 3 ? 0 : i + 1)).buffer);
  const files = new MemoryFiles().write(
    PATH,
    safetensorsBytes([
      { name: 'block.conv_dw.weight', dtype: 'F32', shape: [16, 1, 3, 3], bytes: values(144) },
      { name: 'block.conv_pw.weight', dtype: 'F32', shape: [8, 16, 1, 1], bytes: values(128) },
    ]),
  );
  const { service } = bench(files, new MemoryCache());
  const items = await measure(service, { columns: 49 });
  const times = items.find(({ tensor }) => tensor === 'block.conv_dw.weight')!.times!;
  expect(times).toMatchObject({ rows: 1, inner: 9, groups: 16, columns: 49, timed: { groups: 16 }, sparsity: 1 / 3 });
  expect(problemText(times)).toBe('16 of 1×9 by 49');
  expect(times.ways.map(({ name }) => name)).toEqual(['dense', 'csr', 'channels-removed', 'int8']);
  expect(baselineOf(times)).toBe(`dense f32, ${times.denseBy}, ${times.engine}`);
});

test('a whole model is timed once for a version of the file, the machine and the runtime', async () => {
  const path = '/work/model.onnx';
  const files = new MemoryFiles().write(path, readFileSync(fixturePath('demo/models/resnet-tiny-80.onnx')));
  const cache = new MemoryCache();
  let [runtime, timed] = ['onnxruntime 1', 0];
  const figure = {
    value: 2,
    how: { kind: 'measured', runs: 9, spread: 0, baseline: 'the input in onnxruntime 1' },
  } as const;
  const modelTimer: ModelTimer = {
    runtime: async () => runtime,
    time: async () => {
      timed++;
      return { ok: true, value: { engine: runtime, per: 'ms for x 1×8', figures: [figure] } };
    },
  };
  const wholeOf = async (more: object = {}): Promise<unknown> => {
    const { service } = bench(files, cache, 'this machine', modelTimer);
    const end = await service.times({ path, columns: 1, ...more }, never, () => {});
    return end.ok && end.value.whole;
  };
  const expected = { kind: 'timed', figure, text: 'the whole model 2 ms in onnxruntime 1 for x 1×8' };
  expect(await wholeOf()).toMatchObject(expected);
  expect(await wholeOf()).toMatchObject(expected);
  expect(timed).toBe(1);
  expect(await wholeOf({ layers: ['*'] }), 'nobody asked for all').toBeNull();
  runtime = 'onnxruntime 2';
  expect(await wholeOf()).toMatchObject({ engine: 'onnxruntime 2' });
  await wholeOf({ again: true });
  expect(timed).toBe(3);
});
