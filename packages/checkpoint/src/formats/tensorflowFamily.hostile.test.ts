import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { memorySource } from '@espalier/tensor';
import {
  allGolden,
  fixturePath,
  jsonMutations,
  type Mutation,
  mutations,
  survive,
  surviveCopies,
  tableBytes,
} from '@espalier/testkit';
import { describe, expect, test } from 'vitest';
import { readTable } from '../leveldb/table.js';
import { readZip } from '../zip/zip.js';
import { kerasGraph, layersOf } from './keras/config.js';
import { ownersByName } from './keras/owners.js';

/** Set SEED for other copies than usual. */
const SEED = Number(process.env.SEED ?? 31);
/** How many spoilt copies of each file: all together some thousand in some seconds. Set HOSTILE to multiply. */
const COPIES = 100 * Number(process.env.HOSTILE ?? 1);

/** Files of a fixture that are opened by themselves; shards of TensorFlow.js have no format of their own. */
const OPENED = /\.(?:json|pb|h5|keras|index)$|\.data-\d{5}-of-\d{5}$/;

const files = ['tfjs/', 'keras/', 'hdf5/', 'tensorflow/'].flatMap((folder) =>
  allGolden(folder).flatMap(([, golden]) =>
    (golden.files ?? [])
      .map(({ path }) => path)
      .filter((path) => OPENED.test(path) && !path.endsWith('fingerprint.pb')),
  ),
);

/** A file's folder and what lies below it, by names relative to the folder. */
function folderOf(path: string): Map<string, Uint8Array> {
  const found = new Map<string, Uint8Array>();
  const walk = (folder: string, prefix: string): void => {
    for (const name of readdirSync(folder)) {
      const at = join(folder, name);
      if (statSync(at).isDirectory()) walk(at, `${prefix}${name}/`);
      else found.set(prefix + name, new Uint8Array(readFileSync(at)));
    }
  };
  walk(dirname(path), '');
  return found;
}

describe('every spoilt file has an outcome', () => {
  test('there are enough of them', () => expect(files.length * COPIES).toBeGreaterThanOrEqual(3000));

  test.each(files)('%s', { timeout: 120_000 }, async (file) => {
    const path = fixturePath(file);
    const around = folderOf(path);
    const name = path.slice(dirname(path).length + 1);
    const outcomes = await survive(name, around.get(name)!, SEED, COPIES, around);
    expect(outcomes.files).toBe(COPIES);
    expect(outcomes.faults + outcomes.opened).toBe(outcomes.files);
  });
});

describe('spoilt where bytes alone do not reach', () => {
  test.each(files.filter((file) => file.endsWith('.json')))(
    '%s as JSON with odd values',
    { timeout: 120_000 },
    async (file) => {
      const path = fixturePath(file);
      const around = folderOf(path);
      const name = path.slice(dirname(path).length + 1);
      const json: unknown = JSON.parse(new TextDecoder().decode(around.get(name)!));
      const outcomes = await surviveCopies(name, asFiles(jsonMutations(json, SEED, COPIES)), SEED, around);
      expect(outcomes.files).toBe(COPIES);
      expect(outcomes.opened).toBeGreaterThan(0);
    },
  );

  test.each(files.filter((file) => file.endsWith('.index')))(
    '%s with right checksums',
    { timeout: 120_000 },
    async (file) => {
      const path = fixturePath(file);
      const around = folderOf(path);
      const name = path.slice(dirname(path).length + 1);
      const entries: [Uint8Array, Uint8Array][] = [];
      for await (const { key, value } of readTable(memorySource(name, around.get(name)!)))
        entries.push([key.slice(), value.slice()]);
      const outcomes = await surviveCopies(name, spoiltEntries(entries), SEED, around);
      expect(outcomes.opened).toBeGreaterThan(0);
      expect(outcomes.faults).toBeGreaterThan(0);
    },
  );

  test('configs of Keras', { timeout: 120_000 }, async () => {
    for (const file of files.filter((candidate) => candidate.endsWith('.keras'))) {
      const bytes = new Uint8Array(readFileSync(fixturePath(file)));
      const member = (await readZip(memorySource('x.keras', bytes))).find('config.json')!.open();
      const config: unknown = JSON.parse(new TextDecoder().decode(await member.read(0, member.sizeBytes)));
      for (const { value } of jsonMutations(config, SEED, 4 * COPIES)) {
        const layers = layersOf(value);
        const graph = kerasGraph(value, (layer) => [{ tensor: `${layer.name}/kernel`, shape: [1], dtype: 'F32' }]);
        for (const { name } of layers) ownersByName(layers)(`${name}/kernel`);
        for (const node of graph?.nodes ?? [])
          for (const used of [...node.inputs, ...node.outputs]) expect(graph!.values.has(used)).toBe(true);
      }
    }
  });
});

function* asFiles(copies: Iterable<{ what: string; value: unknown }>): Generator<Mutation> {
  for (const { what, value } of copies) yield { what, bytes: new TextEncoder().encode(JSON.stringify(value)) };
}

/** Tables in which the value of one entry is spoilt, in turn. */
function* spoiltEntries(entries: readonly (readonly [Uint8Array, Uint8Array])[]): Generator<Mutation> {
  const each = Math.ceil((4 * COPIES) / entries.length);
  for (const [index, [, value]] of entries.entries()) {
    for (const { what, bytes } of mutations(value, SEED + index, each)) {
      yield {
        what: `entry ${index}: ${what}`,
        bytes: tableBytes(entries.map(([key, other], at) => [key, at === index ? bytes : other])),
      };
    }
  }
}
