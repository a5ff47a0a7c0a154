import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { idleWork } from '@espalier/base';
import { digestOf, fileSource, fixturePath, goldenFor } from '@espalier/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Checkpoint, TensorEntry } from './checkpoint.js';
import { openCheckpoint } from './open.js';
import { entryOutput } from './write/entryOutput.js';
import { MemoryFolder } from './write/testing/memoryFolder.js';
import { writerFor } from './write/writers.js';

/**
 * The reference tools themselves, where Python has them (`ESPALIER_PYTHON`, else `python3`): they read the fixtures and what the writers make of them,
 * now, and must find the values that the readers find. Where a tool does not import, the values that it found when the fixtures were
 * made stand in for it. The summary of `npm test` says which it was.
 */
const PYTHON = process.env['ESPALIER_PYTHON'] ?? 'python3';
const FIXTURES = {
  torch: ['pytorch/dtypes.pt', 'pytorch/state-dict.pt', 'pytorch/views.pt', 'pytorch/pruning-masks.pt'],
  onnx: ['onnx/cnn.onnx', 'onnx/float16.onnx', 'onnx/torch-export.onnx', 'onnx/storage.onnx'],
  numpy: ['npy/float16.npy', 'npy/fortran.npy', 'npy/float64.npy', 'npy/big-endian-f32.npy'],
};
const LABELS: Readonly<Record<Tool, string>> = { torch: 'PyTorch', onnx: 'ONNX', numpy: 'NumPy' };
/** What is written from which fixture, and who reads it. */
const WRITTEN = {
  torch: ['pytorch/state-dict.pt', 'again.pt'],
  numpy: ['pytorch/state-dict.pt', 'again.npz'],
} as const;

type Tool = keyof typeof FIXTURES;
interface Live {
  readonly tools: Partial<Readonly<Record<Tool, string>>>;
  readonly files: Readonly<Record<string, Readonly<Record<string, { shape: number[]; sha256: string }>>>>;
}

const WIDE = new Set(['F64', 'I64', 'U64', 'I32', 'U32', 'C128']);
let folder = '';
let live: Live = { tools: {}, files: {} };

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-live-'));
  for (const [from, name] of Object.values(WRITTEN)) {
    const output = new MemoryFolder();
    const input = await opened(from);
    const tensors = input.tensors.map(entryOutput);
    await writerFor(name, null)!.write(output, name, { tensors, metadata: {}, input }, idleWork());
    await output.commit();
    await input.close();
    writeFileSync(join(folder, name), output.files.get(name)!);
  }
  const paths = [
    ...Object.values(FIXTURES)
      .flat()
      .map((name) => fixturePath(`checkpoints/${name}`)),
    ...Object.values(WRITTEN).map(([, name]) => join(folder, name)),
  ];
  live = await readLive(paths);
}, 120_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Nothing where Python, or NumPy in it, is missing. */
async function readLive(paths: readonly string[]): Promise<Live> {
  const args = [fixturePath('generate/live.py'), ...paths];
  const options = { env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' }, maxBuffer: 1 << 26 };
  try {
    return JSON.parse((await promisify(execFile)(PYTHON, args, options)).stdout) as Live;
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code === 3 || code === 'ENOENT') return { tools: {}, files: {} };
    throw error;
  }
}

async function opened(name: string): Promise<Checkpoint> {
  const found = await openCheckpoint(await fileSource(fixturePath(`checkpoints/${name}`)));
  if (!found.ok) throw new Error(found.fault.message);
  return found.value;
}

const described = async (entry: TensorEntry) => ({
  shape: [...entry.shape],
  sha256: await digestOf(entry, WIDE.has(entry.dtype) ? 'f64' : 'f32'),
});

test.each(Object.keys(FIXTURES) as Tool[])('%s reads what the readers read', async (tool) => {
  const version = live.tools[tool];
  for (const name of FIXTURES[tool]) {
    const checkpoint = await opened(name);
    const recorded = new Map(goldenFor(name).tensors.map((each) => [each.name, each]));
    const now = live.files[fixturePath(`checkpoints/${name}`)] ?? {};
    let compared = 0;
    for (const entry of checkpoint.tensors) {
      const golden = recorded.get(entry.name);
      const truth =
        version === undefined
          ? golden && { shape: [...golden.shape], sha256: golden.digest.sha256 }
          : now[tool === 'numpy' ? '' : entry.name];
      // Constants are no initializers, and a meta tensor has no values.
      if (truth === undefined) continue;
      expect({ name, tensor: entry.name, ...(await described(entry)) }).toEqual({ name, tensor: entry.name, ...truth });
      compared++;
    }
    expect({ name, some: compared > 0 }).toEqual({ name, some: true });
    await checkpoint.close();
  }
});

test.each(Object.entries(WRITTEN))('%s loads what is written', async (tool, [from, name]) => {
  const found = live.files[join(folder, name)];
  // Without the tool, the bytes that it once loaded are compared by archives.test.ts.
  if (live.tools[tool as Tool] === undefined) return expect(found).toBeUndefined();
  const checkpoint = await opened(from);
  for (const entry of checkpoint.tensors)
    expect({ tensor: entry.name, ...found?.[entry.name] }).toEqual({ tensor: entry.name, ...(await described(entry)) });
  await checkpoint.close();
});

test('the summary says which tools took part', ({ task }) => {
  const all = Object.entries(LABELS) as [Tool, string][];
  const present = all.flatMap(([tool, label]) => (live.tools[tool] ? `${label} ${live.tools[tool]}` : []));
  const absent = all.flatMap(([tool, label]) => (live.tools[tool] ? [] : label));
  const note = [
    ...(present.length > 0 ? [`read by ${present.join(', ')} now`] : []),
    ...(absent.length > 0 ? [`compared with what ${absent.join(', ')} read when the fixtures were made`] : []),
  ].join('; ');
  Object.assign(task.meta, { note: `fixtures and written files were ${note}` });
  expect(note).not.toBe('');
});
