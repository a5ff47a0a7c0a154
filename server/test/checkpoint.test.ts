import { copyFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import {
  changed,
  compare,
  compareHeads,
  compareTile,
  exportText,
  heatmap,
  matrix,
  openHead,
  type ScanItem,
  scan,
  scansChanged,
  trend,
  values,
} from '@espalier/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CancellationTokenSource } from 'vscode-languageserver-protocol';
import { TestClient } from './harness.js';

const fixture = (name: string): string => fileURLToPath(new URL(`../../fixtures/checkpoints/${name}`, import.meta.url));
const pruned = fixture('pruned/dead-channels.safetensors');
const dense = fixture('pruned/dense.safetensors');

let client: TestClient;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-protocol-'));
  client = await TestClient.start({ folders: [folder] });
});
afterAll(async () => {
  await client.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** A sparse F32 file of `gigabytes`: takes no room on the disk, and seconds to read. */
function bigFile(name: string, gigabytes: number): string {
  const path = join(folder, name);
  const rows = gigabytes * 250;
  const header = Buffer.from(
    JSON.stringify({ 'big.weight': { dtype: 'F32', shape: [rows, 1_000_000], data_offsets: [0, rows * 4_000_000] } }),
  );
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(header.length));
  writeFileSync(path, Buffer.concat([prefix, header]));
  truncateSync(path, 8 + header.length + rows * 4_000_000);
  return path;
}

test('the head of a checkpoint, and the fault of one that cannot be read', async () => {
  const head = await client.ask(openHead, { path: pruned });
  expect(head.ok && head.value.tensors.length).toBe(38);
  const missing = await client.ask(openHead, { path: join(folder, 'gone.pt') });
  expect(missing).toMatchObject({ ok: false, fault: { code: 'path/not-found' } });
});

test('a scan streams the facts of every tensor', async () => {
  const items: ScanItem[] = [];
  const end = await client.stream(scan, { path: pruned }, (item) => items.push(item));
  const facts = items.flatMap((item) => (item.kind === 'facts' ? item.facts : []));
  expect(facts).toHaveLength(38);
  expect(facts.find((fact) => fact.head.name === 'layer1.0.conv1.weight')?.stats).toMatchObject({
    deadOutputChannels: 4,
  });
  expect(end.totals.scannedTensors).toBe(38);
});

test('the matrix of a tensor in every layout, a tile of it, and single values', async () => {
  const query = { path: pruned, tensor: 'layer1.0.conv1.weight' };
  const sizes = await client.ask(matrix, query);
  expect(sizes.ok && sizes.value.kernel).toEqual({ rows: 48, columns: 48, kernelRows: 3, kernelColumns: 3 });
  const window = { ...query, layout: 'kernel' as const, rowBegin: 0, rowEnd: 48, columnBegin: 0, columnEnd: 48 };
  const tile = await client.ask(heatmap, { ...window, step: 3, signed: false });
  if (!tile.ok) throw new Error(tile.fault.message);
  expect(Buffer.from(tile.value.levels, 'base64')).toHaveLength(16 * 16);
  const shares = Buffer.from(tile.value.zeroShare, 'base64');
  const deadRows = Array.from({ length: 16 }, (_, row) =>
    shares.subarray(16 * row, 16 * row + 16).every((share) => share === 255),
  );
  expect(deadRows.filter(Boolean)).toHaveLength(4);
  const cells = await client.ask(values, { ...window, rowEnd: 1, columnEnd: 3 });
  expect(cells.ok && cells.value.indices).toEqual([
    [0, 0, 0, 0],
    [0, 0, 0, 1],
    [0, 0, 0, 2],
  ]);
});

test('a comparison: heads, values, tile, trend', async () => {
  const heads = await client.ask(compareHeads, { before: dense, after: pruned });
  expect(heads.ok && heads.value.structure.added).toEqual([]);
  const names: string[] = [];
  const end = await client.stream(compare, { before: dense, after: pruned }, (item) => {
    if (item.kind === 'values') names.push(...item.values.map((value) => value.name));
  });
  expect(names).toHaveLength(38);
  expect(end.identical).toBe(false);
  expect(end.totals.changed).toBeGreaterThan(0);
  const tile = await client.ask(compareTile, {
    before: dense,
    after: pruned,
    tensor: 'layer1.0.conv1.weight',
    layout: 'kernel',
    rowBegin: 0,
    rowEnd: 48,
    columnBegin: 0,
    columnEnd: 48,
    step: 1,
    signed: false,
  });
  expect(tile.ok && Buffer.from(tile.value.newZero, 'base64').some((share) => share === 255)).toBe(true);
  const over = await client.ask(trend, { paths: [dense, pruned, fixture('pruned/dead-layer.safetensors')] });
  expect(over.ok && over.value.layers.find(({ name }) => name === 'layer2.0.conv2.weight')?.sparsity).toEqual([
    0, 0, 1,
  ]);
});

test('the report is exported as the command line prints it', async () => {
  const csv = await client.ask(exportText, { path: pruned, format: 'csv' });
  expect(csv.ok && csv.value.split('\r\n')).toHaveLength(40);
});

test('a cancelled scan ends at once, and what a person looks at is answered meanwhile', async () => {
  const path = bigFile('big.safetensors', 6);
  const source = new CancellationTokenSource();
  const began = client.waitFor<{ running: { path: string }[] }>(
    scansChanged.method,
    ({ running }) => running.some((entry) => entry.path === path),
    true,
  );
  const scanning = client.stream(scan, { path, full: true }, () => {}, source);
  await began;
  const tile = await client.ask(heatmap, {
    path: pruned,
    tensor: 'layer1.0.conv1.weight',
    layout: 'kernel',
    rowBegin: 0,
    rowEnd: 48,
    columnBegin: 0,
    columnEnd: 48,
    step: 1,
    signed: false,
  });
  expect(tile.ok).toBe(true);
  source.cancel();
  await expect(scanning).rejects.toMatchObject({ message: 'cancelled' });
  await client.waitFor<{ running: unknown[] }>(scansChanged.method, ({ running }) => running.length === 0);
});

test('an automatic scan above the limit is sampled and says so', async () => {
  const path = bigFile('sampled.safetensors', 3);
  const end = await client.stream(scan, { path }, () => {});
  expect(end.sampled).toBe(true);
});

test('a file that changes is announced, and its next facts are new', async () => {
  const path = join(folder, 'changing.safetensors');
  copyFileSync(dense, path);
  const before = await client.stream(scan, { path }, () => {});
  const announced = client.waitFor<{ path: string }>(changed.method, (body) => body.path === path, true);
  copyFileSync(fixture('pruned/dead-layer.safetensors'), path);
  await client.notify('workspace/didChangeWatchedFiles', { changes: [{ uri: pathToFileURL(path).href, type: 2 }] });
  await announced;
  const after = await client.stream(scan, { path }, () => {});
  expect(after.totals.zeros).toBeGreaterThan(before.totals.zeros ?? 0);
});

test('one failing question leaves the others alone', async () => {
  const wrong = await client.ask(heatmap, {
    path: pruned,
    tensor: 'no.such',
    layout: 'kernel',
    rowBegin: 0,
    rowEnd: 1,
    columnBegin: 0,
    columnEnd: 1,
    step: 1,
    signed: false,
  });
  expect(wrong).toMatchObject({ ok: false, fault: { code: 'checkpoint/no-such-tensor' } });
  await expect(client.request('no/such-method', {})).rejects.toThrow();
  expect((await client.ask(openHead, { path: dense })).ok).toBe(true);
});
