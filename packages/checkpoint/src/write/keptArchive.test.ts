import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { memorySource } from '@espalier/tensor';
import { fixtureFolder, fixturePath, readAll } from '@espalier/testkit';
import { describe, expect, test } from 'vitest';
import { crc32 } from '../zip/crc32.js';
import { readDirectory } from '../zip/directory.js';
import { readZip } from '../zip/zip.js';
import { pytorch } from './pytorch.js';
import { inputOf, openFiles, PROVENANCE, prunedTensors, writeInput } from './testing/written.js';

const folder = fixturePath('checkpoints/pytorch');
const load = (name: string) => inputOf(new Map([[name, fixtureFolder(join(folder, name)).bytes]]), name);

/** Archives of every kind: nested dictionaries with an optimizer, views of one storage, whole modules, TorchScript with its code. */
const ARCHIVES = readdirSync(folder).filter((name) => name.endsWith('.pt') && !name.endsWith('-legacy.pt'));

describe.each(ARCHIVES)('%s', (name) => {
  test('is kept around its weights', async () => {
    const input = await load(name);
    const tensors = prunedTensors(input).filter(
      ({ unchanged, origin }) => unchanged === true || origin?.data.kind === 'raw',
    );
    const content = { tensors, metadata: PROVENANCE, input: input.checkpoint };
    // Views that overlap cannot be written one by one.
    expect(pytorch.keeps!(content)).toBe(name !== 'views.pt');
    if (!pytorch.keeps!(content)) return;
    const bytes = (await writeInput(pytorch, input, 'out.pt', content)).get('out.pt')!;
    const again = await openFiles(new Map([['out.pt', bytes]]), 'out.pt');
    expect(again.metadata).toEqual({ ...input.checkpoint.metadata, ...PROVENANCE });
    expect(again.findings.map(({ code }) => code)).toEqual(input.checkpoint.findings.map(({ code }) => code));
    expect(again.tensors.map(({ name, shape, storage }) => [name, shape, storage])).toEqual(
      input.checkpoint.tensors.map(({ name, shape, storage }) => [name, shape, storage]),
    );
    const changed = new Set(tensors.flatMap(({ name, unchanged }) => (unchanged === true ? [] : [name])));
    for (const [i, entry] of again.tensors.entries()) {
      const before = input.checkpoint.tensors[i]!;
      const values = await readAll(before);
      if (changed.has(entry.name)) for (let k = 1; k < values.length; k += 2) values[k] = 0;
      expect(await readAll(entry), entry.name).toEqual(values);
    }
    await checkArchive(bytes, input.files.get(name)!);
  });
});

/** Every entry of the old archive is in the new one, in its order, with a checksum that is right; one more says how it came about. */
async function checkArchive(bytes: Uint8Array, original: Uint8Array): Promise<void> {
  const [before, after] = await Promise.all([original, bytes].map((one) => readDirectory(memorySource('x', one))));
  const names = after!.entries.map(({ name }) => name);
  expect(names.filter((name) => !name.endsWith('.data/espalier.json'))).toEqual(
    before!.entries.map(({ name }) => name),
  );
  expect(names.at(-1)).toMatch(/\.data\/espalier\.json$/);
  const zip = await readZip(memorySource('x', bytes));
  for (const { name, crc32: stated, sizeBytes } of after!.entries)
    expect([name, crc32(await zip.find(name)!.open().read(0, sizeBytes))]).toEqual([name, stated]);
  const record = zip.find(names.at(-1)!)!;
  expect(JSON.parse(new TextDecoder().decode(await record.open().read(0, record.sizeBytes)))).toEqual(PROVENANCE);
}

test('other shapes, and tensors that the archive has not, make a flat state dict', async () => {
  const input = await load('training.pt');
  const [first, ...others] = prunedTensors(input);
  const content = { tensors: others, metadata: {}, input: input.checkpoint };
  expect(pytorch.keeps!({ ...content, tensors: [{ ...first!, shape: [1, ...first!.shape] }, ...others] })).toBe(false);
  expect(pytorch.keeps!({ ...content, tensors: [{ ...first!, name: 'new', origin: undefined! }, ...others] })).toBe(
    false,
  );
  expect(pytorch.keeps!(content)).toBe(true);
});

/**
 * PyTorch loaded these bytes: a checkpoint of training with its optimizer, a whole module, TorchScript by `torch.jit.load`, which ran it. fixtures/generate/written_archives.py has looked at
 * the files that this test keeps where `ESPALIER_WRITTEN` names a folder.
 */
test('the bytes are those that PyTorch has loaded', async () => {
  const hashes: Record<string, string> = {};
  for (const name of ['training.pt', 'torchscript-scripted.pt', 'module.pt', 'quantized.pt']) {
    const input = await load(name);
    const tensors = prunedTensors(input).filter(
      ({ unchanged, origin }) => unchanged === true || origin?.data.kind === 'raw',
    );
    const files = await writeInput(pytorch, input, name, { tensors, metadata: PROVENANCE });
    const bytes = files.get(name)!;
    hashes[name] = createHash('sha256').update(bytes).digest('hex');
    if (process.env.ESPALIER_WRITTEN !== undefined) writeFileSync(join(process.env.ESPALIER_WRITTEN, name), bytes);
  }
  const golden = JSON.parse(readFileSync(fixturePath('golden/written-archives.json'), 'utf8')) as {
    files: Record<string, string>;
  };
  expect(hashes).toEqual(golden.files);
});
