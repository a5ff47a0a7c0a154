import { memorySource } from '@espalier/tensor';
import { describe, expect, test } from 'vitest';
import type { Checkpoint } from '../../checkpoint.js';
import { openCheckpoint } from '../../open.js';
import { readValues } from '../../values/readValues.js';

const bytesOf = (...values: number[]): Uint8Array => new Uint8Array(new Float32Array(values).buffer);
const weight = (name: string, length: number, more = {}) => ({ name, shape: [length], dtype: 'float32', ...more });

async function open(manifest: unknown, files: Record<string, Uint8Array>): Promise<Checkpoint> {
  const json = new TextEncoder().encode(JSON.stringify({ format: 'layers-model', weightsManifest: manifest }));
  const folder = new Map([['model.json', json], ...Object.entries(files)]);
  const opened = await openCheckpoint(memorySource('model.json', json, folder));
  if (!opened.ok) throw new Error(opened.fault.message);
  return opened.value;
}

/** `a: 1 2` for readable tensors, `a: unreadable` for the others. */
async function described(checkpoint: Checkpoint): Promise<string[]> {
  return Promise.all(
    checkpoint.tensors.map(async (entry) => {
      if (entry.data.kind === 'none') return `${entry.name}: ${entry.data.why}`;
      return `${entry.name}: ${[...(await readValues(entry))].join(' ')}`;
    }),
  );
}

describe('weights follow each other through the shards', () => {
  test('a weight may span several shards', async () => {
    const all = bytesOf(1, 2, 3, 4, 5);
    const checkpoint = await open([{ paths: ['s1', 's2.bin', 's3'], weights: [weight('a', 1), weight('b', 4)] }], {
      s1: all.slice(0, 6),
      's2.bin': all.slice(6, 9),
      s3: all.slice(9),
    });
    expect(await described(checkpoint)).toEqual(['a: 1', 'b: 2 3 4 5']);
    expect(checkpoint.findings).toEqual([]);
    expect(checkpoint.files.map(({ name }) => name)).toEqual(['model.json', 's1', 's2.bin', 's3']);
  });

  test('texts are walked to find what follows', async () => {
    const text = new Uint8Array([2, 0, 0, 0, 0x68, 0x69, 0, 0, 0, 0]);
    const checkpoint = await open(
      [{ paths: ['s'], weights: [weight('a', 1), { name: 't', shape: [2], dtype: 'string' }, weight('b', 1)] }],
      { s: new Uint8Array([...bytesOf(7), ...text, ...bytesOf(9)]) },
    );
    expect(await described(checkpoint)).toEqual(['a: 7', 't: text', 'b: 9']);
    expect(checkpoint.tensors[1]).toMatchObject({ dtype: 'STRING', elements: 2, bytes: 10 });
    expect(checkpoint.findings).toEqual([]);
  });

  test('a text that runs past the end makes itself and what follows unreadable', async () => {
    const checkpoint = await open(
      [{ paths: ['s'], weights: [weight('a', 1), { name: 't', shape: [1], dtype: 'string' }, weight('b', 2)] }],
      { s: new Uint8Array([...bytesOf(7), 255, 255, 255, 127, 0, 0]) },
    );
    expect(await described(checkpoint)).toEqual(['a: 7', 't: text', 'b: unreadable']);
    expect(checkpoint.findings).toMatchObject([{ code: 'checkpoint/truncated', severity: 'error' }]);
  });
});

describe('missing shards leave the rest usable', () => {
  const manifest = [{ paths: ['s1', 's2', 's3'], weights: [weight('a', 1), weight('b', 2), weight('c', 1)] }];
  const all = bytesOf(1, 2, 3, 4);

  test('what lies before and behind the gap is read', async () => {
    const checkpoint = await open(manifest, { s1: all.slice(0, 6), s3: all.slice(10) });
    expect(await described(checkpoint)).toEqual(['a: 1', 'b: unreadable', 'c: 4']);
    expect(checkpoint.findings.map(({ code, tensor }) => [code, tensor])).toEqual([
      ['checkpoint/shard-missing', undefined],
      ['checkpoint/missing-data', 'b'],
    ]);
  });

  test('a name that leaves the folder is a gap and a finding', async () => {
    const outside = [{ paths: ['s1', '../s2', 's3'], weights: manifest[0]!.weights }];
    const checkpoint = await open(outside, { s1: all.slice(0, 6), '../s2': all.slice(6, 10), s3: all.slice(10) });
    expect(await described(checkpoint)).toEqual(['a: 1', 'b: unreadable', 'c: 4']);
    expect(checkpoint.findings[0]).toMatchObject({ code: 'path/outside-folder', severity: 'error' });
  });

  test('a truncated last shard loses its end', async () => {
    const checkpoint = await open(manifest, { s1: all.slice(0, 6), s2: all.slice(6, 12), s3: all.slice(12, 14) });
    expect(await described(checkpoint)).toEqual(['a: 1', 'b: 2 3', 'c: unreadable']);
    expect(checkpoint.findings).toMatchObject([{ code: 'checkpoint/truncated', tensor: 'c' }]);
  });

  test('a truncated middle shard loses what it held', async () => {
    const checkpoint = await open(manifest, { s1: all.slice(0, 6), s2: all.slice(6, 9), s3: all.slice(12) });
    expect(await described(checkpoint)).toEqual(['a: 1', 'b: unreadable', 'c: 4']);
  });

  test('no shard at all still lists the weights', async () => {
    const checkpoint = await open(manifest, {});
    expect(await described(checkpoint)).toEqual(['a: unreadable', 'b: unreadable', 'c: unreadable']);
  });
});

describe('odd manifests', () => {
  test('bytes that no weight owns are a finding', async () => {
    const checkpoint = await open([{ paths: ['s'], weights: [weight('a', 1)] }], { s: bytesOf(1, 2) });
    expect(checkpoint.findings).toMatchObject([{ code: 'checkpoint/size-mismatch', severity: 'warning' }]);
  });

  test('a type of unknown length hides only what cannot be counted from the end', async () => {
    const weights = [weight('a', 1), { name: 'odd', shape: [3], dtype: 'float7' }, weight('b', 1)];
    const checkpoint = await open([{ paths: ['s'], weights }], { s: bytesOf(1, 2, 3) });
    expect(await described(checkpoint)).toEqual(['a: 1', 'odd: unsupported', 'b: 3']);
  });

  test('a shape that cannot be is listed with the reason, and hides what follows', async () => {
    const weights = [
      weight('a', 1),
      { name: 'huge', shape: [2 ** 40, 2 ** 40], dtype: 'float32' },
      { name: 't', shape: [1], dtype: 'string' },
      weight('b', 1),
    ];
    const checkpoint = await open([{ paths: ['s'], weights }], { s: bytesOf(1, 2, 3) });
    expect(await described(checkpoint)).toEqual(['a: 1', 'huge: unreadable', 't: text', 'b: 3']);
    expect(checkpoint.tensors[1]).toMatchObject({ elements: 0, shape: [2 ** 40, 2 ** 40] });
    expect(checkpoint.findings).toMatchObject([{ code: 'checkpoint/header-malformed', tensor: 'huge' }]);
  });

  test('a name used twice stays unique', async () => {
    const checkpoint = await open([{ paths: ['s'], weights: [weight('a', 1), weight('a', 1)] }], { s: bytesOf(1, 2) });
    expect(await described(checkpoint)).toEqual(['a: 1', 'a#2: 2']);
    expect(checkpoint.findings).toMatchObject([{ code: 'checkpoint/duplicate-name', tensor: 'a#2' }]);
  });

  test.each([
    ['not a list', { a: 1 }, 'not a list of groups'],
    [
      'a negative size',
      [{ paths: [], weights: [{ name: 'a', dtype: 'float32', shape: [-1] }] }],
      'not a list of sizes',
    ],
    [
      'no scale',
      [{ paths: [], weights: [{ name: 'a', dtype: 'float32', shape: [1], quantization: { dtype: 'uint8', min: 0 } }] }],
      'no scale and min',
    ],
  ])('%s is a fault', async (_, manifest, message) => {
    await expect(open(manifest, {})).rejects.toThrow(message);
  });
});

test('a shard alone names the JSON to open', async () => {
  const folder = new Map([
    ['group1-shard1of1.bin', bytesOf(1)],
    ['model.json', bytesOf(0)],
  ]);
  const opened = await openCheckpoint(memorySource('group1-shard1of1.bin', bytesOf(1), folder));
  expect(opened).toMatchObject({
    ok: false,
    fault: { code: 'checkpoint/shard-alone', hint: 'Open model.json instead.' },
  });
});
