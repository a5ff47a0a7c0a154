import type { ScanItem } from '@espalier/protocol';
import { expect, test } from 'vitest';
import { createEngine } from './engine.js';
import type { FactsCache } from './ports.js';
import { createService, type Service } from './service.js';
import type { Runner } from './tasks.js';
import { MemoryFiles, safetensorsBytes } from './testing/memoryFiles.js';

const PATH = '/work/model.safetensors';
const never = new AbortController().signal;

const model = (zeros: number): Uint8Array =>
  safetensorsBytes({
    'conv1.weight': { shape: [4, 2, 2, 2], values: Array.from({ length: 32 }, (_, i) => (i < zeros ? 0 : i + 1)) },
    'conv1.bias': { shape: [4], values: [1, 2, 3, 4] },
  });

/** A file with one tensor of zeros, too large to be compressed without being asked. */
function zerosFile({ length, byteLength }: Float32Array): Uint8Array {
  const header = JSON.stringify({ w: { dtype: 'F32', shape: [length], data_offsets: [0, byteLength] } }).padEnd(72);
  const bytes = new Uint8Array(8 + header.length + byteLength);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(header.length), true);
  bytes.set(new TextEncoder().encode(header), 8);
  return bytes;
}

interface Bench {
  readonly files: MemoryFiles;
  readonly service: Service;
  readonly tasks: string[];
  /** Lets tasks of kind `stats` wait until it is called. */
  release(): void;
}

function bench(options: { hold?: boolean; cache?: FactsCache; limitBytes?: number; files?: MemoryFiles } = {}): Bench {
  const files = options.files ?? new MemoryFiles().write(PATH, model(8));
  const engine = createEngine(files, () => performance.now());
  const tasks: string[] = [];
  let release = (): void => {};
  const held = options.hold ? new Promise<void>((resolve) => (release = resolve)) : Promise.resolve();
  const runner: Runner = {
    width: 1,
    async run(kind, query, hooks) {
      tasks.push(kind);
      if (kind === 'stats')
        await Promise.race([
          held,
          new Promise((_, reject) => hooks.signal.addEventListener('abort', () => reject(hooks.signal.reason))),
        ]);
      return engine.run(kind, query, hooks);
    },
  };
  const service = createService({
    files,
    runner,
    machine: 'a machine',
    now: () => 0,
    settings: () => ({ limitBytes: options.limitBytes ?? 1e9, nearZeroRatio: 1e-8 }),
    ...(options.cache ? { cache: options.cache } : {}),
  });
  return { files, service, tasks, release: () => release() };
}

async function scanned(service: Service): Promise<number | null> {
  const end = await service.scan({ path: PATH }, 'soon', never, () => {});
  return end.ok ? end.value.totals.zeros : null;
}

test('the size after gzip that was asked for apart stays with the facts', async () => {
  const big = new Float32Array(17_000_000);
  const files = new MemoryFiles().write(PATH, zerosFile(big));
  const { service, tasks } = bench({ files });
  await scanned(service);
  const sizes = async () => (await service.facts(PATH, never))?.facts.get('w')?.stats?.sizes.gzip;
  expect(await sizes()).toBeNull();
  const answer = await service.gzip({ path: PATH, tensor: 'w' }, never);
  expect(answer).toMatchObject({ ok: true, value: { obtained: { kind: 'exact' } } });
  expect(answer.ok && answer.value!.bytes).toBeLessThan(big.byteLength / 500);
  expect(await sizes()).toEqual(answer.ok && answer.value);
  expect(tasks.filter((task) => task === 'gzip')).toHaveLength(1);
});

test('the head is there without a value being read', async () => {
  const { service, tasks } = bench();
  const head = await service.head(PATH, never);
  expect(head.ok && head.value.tensors.map((tensor) => tensor.name)).toEqual(['conv1.weight', 'conv1.bias']);
  expect(head.ok && head.value.totals.zeros).toBeNull();
  expect(tasks).toEqual(['head']);
});

test('a scan streams facts, then progress, then totals', async () => {
  const { service } = bench();
  const items: ScanItem[] = [];
  const end = await service.scan({ path: PATH }, 'soon', never, (item) => items.push(item));
  const names = items.flatMap((item) => (item.kind === 'facts' ? item.facts.map((fact) => fact.head.name) : []));
  expect(names).toEqual(['conv1.weight', 'conv1.bias']);
  expect(items.at(-1)).toMatchObject({ kind: 'progress', doneTensors: 2, tensors: 2 });
  expect(end.ok && end.value.totals).toMatchObject({ zeros: 8, prunableZeros: 8, parameters: 36 });
});

test('a second scan answers from memory', async () => {
  const { service, tasks } = bench();
  await scanned(service);
  expect(await scanned(service)).toBe(8);
  expect(tasks.filter((kind) => kind === 'stats')).toHaveLength(1);
});

test('two askers share one scan', async () => {
  const { service, tasks, release } = bench({ hold: true });
  const both = Promise.all([scanned(service), scanned(service)]);
  await new Promise((resolve) => setTimeout(resolve, 5));
  release();
  expect(await both).toEqual([8, 8]);
  expect(tasks.filter((kind) => kind === 'stats')).toHaveLength(1);
});

test('the scan goes on while somebody still listens, and stops when nobody does', async () => {
  const { service, release } = bench({ hold: true });
  const first = new AbortController();
  const second = new AbortController();
  const one = service.scan({ path: PATH }, 'soon', first.signal, () => {});
  const two = service.scan({ path: PATH }, 'soon', second.signal, () => {});
  await new Promise((resolve) => setTimeout(resolve, 5));
  first.abort();
  await expect(one).rejects.toBe(first.signal.reason);
  expect(service.scanState(PATH)).not.toBeNull();
  second.abort();
  await expect(two).rejects.toBe(second.signal.reason);
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(service.scanState(PATH)).toBeNull();
  release();
  expect(await scanned(service)).toBe(8);
});

test('a changed file is read again', async () => {
  const { files, service } = bench();
  expect(await scanned(service)).toBe(8);
  files.write(PATH, model(20));
  expect(await scanned(service)).toBe(20);
});

test('a deleted file is a fault, not an old answer', async () => {
  const { files, service } = bench();
  await scanned(service);
  files.remove(PATH);
  const head = await service.head(PATH, never);
  expect(head.ok || head.fault.code).toBe('path/not-found');
});

test('complete facts come back from the disk cache without opening the file', async () => {
  const stored = new Map<string, unknown>();
  const cache: FactsCache = {
    get: async (key) => stored.get(key) ?? null,
    put: async (key, value) => void stored.set(key, structuredClone(value)),
  };
  const one = bench({ cache });
  await scanned(one.service);
  const two = bench({ cache });
  expect(await scanned(two.service)).toBe(8);
  expect(two.tasks).toEqual([]);
});

test('an unreadable file names the byte', async () => {
  const { files, service } = bench();
  files.write('/work/cut.safetensors', model(8).slice(0, 40));
  const head = await service.head('/work/cut.safetensors', never);
  expect(head).toMatchObject({ ok: false, fault: { code: 'checkpoint/truncated', offset: 8, found: 40 } });
});

test('what the values give away becomes findings, beside those of the header', async () => {
  const { files, service } = bench();
  files.write(
    PATH,
    safetensorsBytes({
      'conv1.weight': { shape: [4, 2, 2, 2], values: Array.from({ length: 32 }, (_, i) => (i === 5 ? Number.NaN : i)) },
      'fc.weight': { shape: [2, 4], values: [0, 0, 0, 0, 0, 0, 0, 0] },
    }),
  );
  const before = await service.facts(PATH, never);
  expect(before?.findings).toEqual([]);
  const end = await service.scan({ path: PATH }, 'soon', never, () => {});
  const codes = (await service.facts(PATH, never))?.findings.map(({ code, tensor }) => `${code} ${tensor}`);
  expect(codes).toEqual(['checkpoint/non-finite conv1.weight', 'checkpoint/dead-layer fc.weight']);
  expect(end.ok && end.value.findings).toHaveLength(2);
});
