import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { idleWork } from '@espalier/base';
import { runRecipe } from '@espalier/service';
import { fixturePath } from '@espalier/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { changePorts } from './changePorts.js';

/**
 * State dicts of real models of torchvision, timm and transformers. Where Python has these, the models are made now, and what is left of them must
 * load strictly and compute what the whole model computes whose channels have no weights; elsewhere the shapes for which that was shown stand in.
 */
const PYTHON = process.env['ESPALIER_PYTHON'] ?? 'python3';
const SCRIPT = fixturePath('generate/removal_families.py');
const RECIPE = '\nsteps:\n  - structure: { method: remove, criterion: l1, sparsity: 0.5 }\noutput: ';

interface Shapes {
  readonly before: Readonly<Record<string, readonly number[]>>;
  readonly after: Readonly<Record<string, readonly number[]>>;
}
const golden = JSON.parse(readFileSync(fixturePath('golden/removal-families.json'), 'utf8')) as {
  readonly models: Readonly<Record<string, Shapes>>;
};
/** Models that lie in a folder with a configuration; what that says of heads. */
const FOLDERS: Readonly<Record<string, object>> = {
  'vit-hf': { num_attention_heads: 3 },
  bert: { num_attention_heads: 3 },
  llama: { num_attention_heads: 8, num_key_value_heads: 4, head_dim: 8 },
};
const NAMES = Object.keys(golden.models);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-families-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const ports = changePorts(() => ({ workspaceRoots: [], trusted: true }), '1.0.0');
const pathOf = (name: string): string =>
  join(folder, name in FOLDERS ? `${name}/model.safetensors` : `${name}.safetensors`);

async function remove(name: string): Promise<Record<string, number[]>> {
  const path = pathOf(name);
  const out = path.replace(/safetensors$/, 'out.safetensors');
  const input = name in FOLDERS ? 'config.json' : `${name}.safetensors`;
  const recipe = `input: ${input}${RECIPE}${out.slice(dirname(path).length + 1)}\n`;
  const done = await runRecipe({ recipe, folder: dirname(path), overwrite: true, detail: 'counts' }, ports, idleWork());
  if (!done.ok) throw new Error(JSON.stringify(done.fault));
  return shapesIn(out);
}

function shapesIn(path: string): Record<string, number[]> {
  const bytes = readFileSync(path);
  const { __metadata__: _, ...tensors } = JSON.parse(
    bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE())).toString(),
  ) as Record<string, { shape: number[] }>;
  return Object.fromEntries(Object.entries(tensors).map(([name, { shape }]) => [name, shape]));
}

/** A file of these shapes, all zero but for 64-bit counters. */
function writeZeros(name: string, shapes: Shapes['before']): void {
  let end = 0;
  const header = Object.entries(shapes).map(([tensor, shape]) => {
    const dtype = tensor.endsWith('num_batches_tracked') ? 'I64' : 'F32';
    const begin = end;
    end += shape.reduce((a, b) => a * b, 1) * (dtype === 'I64' ? 8 : 4);
    return [tensor, { dtype, shape, data_offsets: [begin, end] }];
  });
  const text = Buffer.from(JSON.stringify(Object.fromEntries(header)));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  mkdirSync(dirname(pathOf(name)), { recursive: true });
  writeFileSync(pathOf(name), Buffer.concat([length, text, Buffer.alloc(end)]));
  if (name in FOLDERS) writeFileSync(join(dirname(pathOf(name)), 'config.json'), JSON.stringify(FOLDERS[name]));
}

test.each(NAMES)('what is left of %s has the shapes that were shown to load and to compute right', async (name) => {
  const { before, after } = golden.models[name]!;
  writeZeros(name, before);
  expect(await remove(name)).toEqual(after);
  expect(after).not.toEqual(before);
});

test('a shape that does not fit leaves its group alone, and a tensor that is left over everything', async () => {
  const { before } = golden.models['resnet']!;
  writeZeros('odd', { ...before, 'layer1.0.bn1.running_mean': [63] });
  const odd = await remove('odd');
  expect(odd['layer1.0.conv1.weight']![0]).toBe(64);
  expect(odd['layer3.0.conv1.weight']![0]).toBe(128);
  writeZeros('more', { ...before, 'layer1.0.se.fc1.weight': [4, 64, 1, 1] });
  await expect(remove('more')).rejects.toThrow('layer1.0.se.fc1.weight has no part in it');
});

test('PyTorch loads what is left, strictly, and computes the same', async ({ task }) => {
  const python = promisify(execFile);
  const options = { env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' }, maxBuffer: 1 << 26 };
  try {
    await python(PYTHON, [SCRIPT, 'make', folder], options);
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code !== 3 && code !== 'ENOENT') throw error;
    Object.assign(task.meta, {
      note: 'models of torchvision, timm and transformers were compared by their recorded shapes',
    });
    expect(existsSync(pathOf('resnet'))).toBe(false);
    return;
  }
  for (const name of NAMES) await remove(name);
  const found = JSON.parse((await python(PYTHON, [SCRIPT, 'check', folder], options)).stdout) as Record<
    string,
    { difference: number; changed: number }
  >;
  Object.assign(task.meta, { note: 'models of torchvision, timm and transformers were loaded by PyTorch now' });
  for (const name of NAMES) {
    expect(found[name]!.difference).toBeLessThan(1e-5);
    expect(found[name]!.changed).toBeGreaterThan(1e-3);
  }
}, 300_000);
