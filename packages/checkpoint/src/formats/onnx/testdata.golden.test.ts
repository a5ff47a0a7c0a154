import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOf, fileSource, fixturePath } from '@espalier/testkit';
import { describe, expect, test } from 'vitest';
import type { TensorEntry } from '../../checkpoint.js';
import { onnx } from './format.js';

/** Models of the ONNX project as Debian packs them: `apt-get install libonnx-testdata`. */
const ROOT = '/usr/share/libonnx-testdata/data';

type Summary = number | readonly [operators: number, tensors: number, elements: number, digest: string];

interface Testdata {
  readonly package: string;
  /** By folder; see fixtures/generate/onnx_testdata.py. */
  readonly models: Readonly<Record<string, Summary>>;
}

const testdata = JSON.parse(readFileSync(fixturePath('golden/onnx-testdata.json'), 'utf8')) as Testdata;
const DOUBLE = new Set(['F64', 'I64', 'U64', 'I32', 'U32', 'C128']);

describe.skipIf(!existsSync(ROOT))(testdata.package, () => {
  test.each(['node', 'pytorch-converted', 'pytorch-operator', 'simple'])(
    'every model of %s is read as onnx reads it',
    { timeout: 60_000 },
    async (folder) => {
      const expected = Object.entries(testdata.models).filter(([path]) => path.startsWith(`${folder}/`));
      const read: Record<string, Summary> = {};
      for (const [path] of expected) read[path] = await summary(join(ROOT, path, 'model.onnx'));
      expect(read).toEqual(Object.fromEntries(expected));
      expect(expected.length).toBe((await readdir(join(ROOT, folder))).length);
    },
  );
});

async function summary(path: string): Promise<Summary> {
  const checkpoint = await onnx.open(await fileSource(path), {});
  try {
    const operators = checkpoint.graph!.nodes.length;
    if (checkpoint.tensors.length === 0) return operators;
    const digest = createHash('sha256');
    let elements = 0;
    const byName = [...checkpoint.tensors].sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
    for (const entry of byName) {
      elements += entry.elements;
      digest.update(`${entry.name}\n${entry.dtype}\n${entry.shape.join(',')}\n${await valuesOf(entry)}\n`);
    }
    return [operators, checkpoint.tensors.length, elements, digest.digest('hex').slice(0, 16)];
  } finally {
    await checkpoint.close();
  }
}

async function valuesOf(entry: TensorEntry): Promise<string> {
  return entry.dtype === 'STRING' ? '' : await digestOf(entry, DOUBLE.has(entry.dtype) ? 'f64' : 'f32');
}
