import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { examine } from './examine.js';
import { installTool } from './installTool.js';
import { findTool, TOOLS, type Tool } from './tool.js';

let place: string;
beforeAll(async () => {
  place = await mkdtemp(join(tmpdir(), 'espalier-tools-'));
});
afterAll(() => rm(place, { recursive: true, force: true }));

const never = new AbortController().signal;
const [onnxruntime] = TOOLS as readonly [Tool];

/** A small package of the same lock file: what is tested is the installing, not the 300 MB. */
const small: Tool = { name: 'adm-zip', adds: 'zip', lock: { 'adm-zip': onnxruntime.lock['adm-zip']! } };

test('a tool is installed whole, in its pinned version, and found', async () => {
  const tools = join(place, 'whole');
  const installed = await installTool(small, never, tools);
  expect(installed).toEqual({ ok: true, value: join(tools, `adm-zip-${small.lock['adm-zip']!.version}`) });
  expect(await readdir(tools)).toHaveLength(1);
  const elsewhere = join(place, 'elsewhere');
  await mkdir(elsewhere);
  // adm-zip stands beside Espalier in this repository too; a tool that is only installed has its own name.
  const found = await findTool(small, elsewhere, tools);
  expect(found?.version).toBe(small.lock['adm-zip']!.version);
  const at = createRequire(join(installed.ok ? installed.value : '', 'package.json'));
  expect(at.resolve('adm-zip').startsWith(tools)).toBe(true);
  expect(await installTool(small, never, tools)).toEqual(installed);
}, 60_000);

test('other bytes than the lock file names are refused, and nothing stays', async () => {
  const tools = join(place, 'refused');
  const { version } = small.lock['adm-zip']!;
  const integrity = `sha512-${Buffer.alloc(64, 7).toString('base64')}`;
  const spoilt: Tool = { ...small, lock: { 'adm-zip': { version, integrity } } };
  const refused = await installTool(spoilt, never, tools);
  expect(refused).toMatchObject({ ok: false, fault: { code: 'tool/install' } });
  expect(!refused.ok && refused.fault.message).toMatch(/^adm-zip was not installed: .*sha512/);
  expect(await readdir(tools)).toEqual([]);
}, 60_000);

test('an abort ends npm and leaves nothing', async () => {
  const tools = join(place, 'aborted');
  const control = new AbortController();
  const running = installTool(onnxruntime, control.signal, tools);
  setTimeout(() => control.abort(), 50);
  await expect(running).rejects.toThrow();
  expect(await readdir(tools).catch(() => [])).toEqual([]);
}, 60_000);

test('a package in a folder of the person is preferred; another one of that name above it is not taken', async () => {
  const folder = join(place, 'mine');
  const inside = join(folder, 'node_modules', 'onnxruntime-node');
  await mkdir(inside, { recursive: true });
  await writeFile(join(inside, 'package.json'), JSON.stringify({ name: 'onnxruntime-node', version: '9.9.9' }));
  await writeFile(join(inside, 'index.js'), 'throw new Error("nothing of it runs");');
  expect(await findTool(onnxruntime, folder)).toMatchObject({ version: '9.9.9', where: 'folder' });
  await writeFile(join(inside, 'package.json'), JSON.stringify({ name: 'something-else', version: '9.9.9' }));
  expect(await findTool(onnxruntime, folder)).not.toMatchObject({ version: '9.9.9' });
});

test('the machine is told, with what a tool adds', async () => {
  const found = await examine(place, '1.2.3', join(place, 'none'));
  expect(found).toMatchObject({ version: '1.2.3', node: process.versions.node, kernels: 'wasm-simd' });
  expect(found.memoryBytes).toBeGreaterThan(found.freeMemoryBytes);
  const [state] = found.tools;
  expect(state).toMatchObject({
    name: 'onnxruntime-node',
    pinnedVersion: onnxruntime.lock['onnxruntime-node']!.version,
  });
});
