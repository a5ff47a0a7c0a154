import { spawn } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plan } from '@espalier/protocol';
import { type DiffReport, diffReport, type InspectReport, inspectReport } from '@espalier/service';
import { allGolden, fixturePath } from '@espalier/testkit';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';

// Every test starts a process or several.
vi.setConfig({ testTimeout: 60_000 });

const launcher = fileURLToPath(new URL('../bin/espalier.mjs', import.meta.url));
const NET = fixturePath('demo/models/resnet-tiny.safetensors');
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-cli-'));
  expect(existsSync(fileURLToPath(new URL('../dist/espalier.mjs', import.meta.url))), 'run npm run build first').toBe(
    true,
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Run {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function espalier(...args: string[]): Promise<Run> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [launcher, ...args], {
      env: { ...process.env, ESPALIER_CACHE: join(folder, 'cache'), NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk) => (out += chunk));
    child.stderr.on('data', (chunk) => (err += chunk));
    child.on('close', (code) => resolve({ code, out, err }));
  });
}

const json = async (...args: string[]): Promise<{ code: number | null; report: InspectReport }> => {
  const { code, out } = await espalier('inspect', '--format', 'json', ...args);
  return { code, report: inspectReport.parse(JSON.parse(out)) };
};

/** Runs a command that prints JSON; whatever the exit code, standard output is JSON alone. */
async function jsonOf(...args: string[]): Promise<{ code: number | null; err: string; report: Record<string, never> }> {
  const { code, out, err } = await espalier(...args, '--format', 'json');
  return { code, err, report: JSON.parse(out) };
}

const pruned = (name: string): string => fixturePath(`checkpoints/pruned/${name}.safetensors`);

test('the JSON of every fixture follows the published schema and agrees with the reference tools', async () => {
  // Where several stored tensors stand for one weight, the golden list is of the stored ones: the formats' own tests compare those.
  const golden = allGolden().filter(([, entry]) => entry.packed === undefined);
  const { report } = await json(...golden.map(([, entry]) => fixturePath(entry.fixture)));
  expect(report.files).toHaveLength(golden.length);
  const wrong: string[] = [];
  let compared = 0;
  for (const [i, file] of report.files.entries()) {
    const [name, entry] = golden[i]!;
    if ('error' in file) {
      wrong.push(`${name}: ${file.error.message}`);
      continue;
    }
    const byName = new Map(file.tensors.map((tensor) => [tensor.name, tensor]));
    // A weight and its mask are one: their product.
    const products = entry.effective ?? [];
    const parts = new Set(products.flatMap((product) => product.parts));
    for (const tensor of [...entry.tensors.filter((one) => !parts.has(one.name)), ...products]) {
      const found = byName.get(tensor.path ?? tensor.name) ?? byName.get(tensor.name);
      if (found === undefined && tensor.optional) continue;
      const expected = [tensor.shape, tensor.elements, tensor.zeros, tensor.nan, tensor.inf, tensor.min, tensor.max];
      const actual = [found?.shape, found?.elements, found?.zeros, found?.nan, found?.inf, found?.min, found?.max];
      if (JSON.stringify(expected) !== JSON.stringify(actual))
        wrong.push(`${name} ${tensor.name}: expected ${JSON.stringify(expected)}, found ${JSON.stringify(actual)}`);
      compared++;
    }
  }
  expect(wrong.slice(0, 20)).toEqual([]);
  expect(compared).toBeGreaterThan(500);
}, 180_000);

test('a file that cannot be read keeps its row, the others are reported, and the exit code is 2', async () => {
  const cut = join(folder, 'cut.safetensors');
  writeFileSync(cut, new Uint8Array([16, 0, 0, 0, 0, 0, 0, 0, 0x7b]));
  const { code, report } = await json(cut, pruned('dense'), join(folder, 'gone.pt'));
  expect(code).toBe(2);
  expect(report.files[0]).toMatchObject({
    path: cut,
    error: { code: 'checkpoint/truncated', offset: 8, expected: 24, found: 9 },
  });
  expect(report.files[1]).toMatchObject({ format: 'safetensors' });
  expect(report.files[2]).toMatchObject({ error: { code: 'path/not-found' } });
});

test('--no-values reads the header alone', async () => {
  const { report } = await json('--no-values', pruned('dead-channels'));
  const [file] = report.files;
  if (file === undefined || 'error' in file) throw new Error('unreadable');
  expect(file.totals.zeros).toBeNull();
  expect(file.tensors.every((tensor) => tensor.zeros === null && tensor.min === null)).toBe(true);
});

test('--layers narrows the tensors, not the totals', async () => {
  const { report } = await json('--layers', 'layer1.**', '--layers', 'fc', pruned('dead-channels'));
  const [file] = report.files;
  if (file === undefined || 'error' in file) throw new Error('unreadable');
  expect(file.tensors.length).toBeGreaterThan(0);
  expect(file.tensors.every(({ name }) => /^(?:layer1|fc)\./.test(name))).toBe(true);
  expect(file.totals.tensors).toBeGreaterThan(file.tensors.length);
});

test('a glob may hold alternatives with commas, and sizes tell what gzip makes of each tensor', async () => {
  const { report } = await json('--layers', '{fc,conv1}.weight', pruned('dead-layer'));
  const [file] = report.files;
  if (file === undefined || 'error' in file) throw new Error('unreadable');
  expect(file.tensors.map(({ name }) => name).sort()).toEqual(['conv1.weight', 'fc.weight']);
  for (const { sizes } of file.tensors)
    expect(sizes?.gzip).toMatchObject({ bytes: expect.any(Number), obtained: { kind: 'exact' } });
});

test.each([['inspect'], ['diff']])('%s refuses what --fail-on does not know', async (command) => {
  const { code, err } = await espalier(command, '--fail-on', 'nonsense', pruned('dense'), pruned('dense'));
  expect(code).toBe(2);
  expect(err).toContain('Nothing is called nonsense.');
});

test('control characters of names are shown, not sent to the terminal', async () => {
  const path = join(folder, 'escape.safetensors');
  const header = Buffer.from(
    JSON.stringify({ '\u001b[31mred\n.weight': { dtype: 'F32', shape: [2, 2], data_offsets: [0, 16] } }),
  );
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(header.length));
  writeFileSync(path, Buffer.concat([prefix, header, Buffer.alloc(16)]));
  for (const format of ['table', 'csv', 'markdown']) {
    const { out } = await espalier('inspect', '--all', '-f', format, path);
    expect(out).toContain('\\x1b[31mred\\x0a.weight');
    expect(out).not.toContain('\u001b');
  }
});

test('values that cannot be read make the exit code 2, with the rest reported', async () => {
  const path = join(folder, 'half.safetensors');
  const whole = readFileSync(pruned('dense'));
  writeFileSync(path, whole.subarray(0, whole.length - 1000));
  const { code, report } = await json(path);
  const [file] = report.files;
  if (file === undefined || 'error' in file) throw new Error('unreadable');
  expect(code).toBe(2);
  expect(file.findings).toContainEqual(expect.objectContaining({ code: 'checkpoint/truncated', severity: 'error' }));
  expect(file.tensors.some(({ zeros }) => zeros !== null)).toBe(true);
  expect((await espalier('inspect', '--no-values', path)).code).toBe(0);
});

test('--fail-on answers with 1 only when the finding occurs', async () => {
  expect((await espalier('inspect', '--fail-on', 'dead-layer', pruned('dead-layer'))).code).toBe(1);
  expect((await espalier('inspect', '--fail-on', 'dead-layer', pruned('dense'))).code).toBe(0);
  expect((await espalier('inspect', '--fail-on', 'error', pruned('dead-layer'))).code).toBe(0);
}, 20_000);

test('operators are listed with what they cost, as other tools count it', async () => {
  const cnn = fixturePath('checkpoints/onnx/cnn.onnx');
  const { out } = await espalier('inspect', '--operators', '--no-values', cnn);
  expect(out).toMatch(/operator\s+kind\s+output\s+MACs\s+activations\n/);
  expect(out).toMatch(/conv1\s+Conv\s+1×16×16×16\s+110,592\s+4,096\n/);
  expect(out).toMatch(/relu\s+Relu\s+1×16×16×16\s+0\s+4,096\n/);
  expect(out).toContain('  182 k MACs per run (11 operators)\n');
  expect((await espalier('inspect', '--no-values', cnn)).out).not.toContain('BatchNormalization');

  const { report } = await json('--no-values', cnn, fixturePath('checkpoints/keras/small.keras'), pruned('dense'));
  const golden = JSON.parse(readFileSync(fixturePath('golden/operator-costs.json'), 'utf8')) as {
    models: { file: string; operators: number; macs: Record<string, number> }[];
  };
  for (const [i, file] of ['checkpoints/onnx/cnn.onnx', 'checkpoints/keras/small.keras'].entries()) {
    const expected = golden.models.find((model) => model.file === file)!;
    const found = report.files[i]!;
    if ('error' in found) throw new Error(found.error.message);
    expect(found.operators).toHaveLength(expected.operators);
    expect(found.operators!.reduce((sum, { macs }) => sum + macs!, 0)).toBe(
      Object.values(expected.macs).reduce((sum, macs) => sum + macs, 0),
    );
  }
  expect(report.files[2]).not.toHaveProperty('operators');
  expect((await espalier('inspect', '--operators', '--no-values', pruned('dense'))).out).toContain(
    'The file carries no operators.',
  );
});

test('an operator whose cost is not known is said to be so, and is no 0 in the sum', async () => {
  const { out } = await espalier(
    'inspect',
    '--operators',
    '--no-values',
    fixturePath('checkpoints/onnx/subgraphs.onnx'),
  );
  expect(out).toMatch(/loop\/body\/mm\s+MatMul\s+2×5\s+\?\s+10\s+unknown trip count\n/);
  expect(out).toMatch(/inner_if\/then_branch\/mm\s+MatMul\s+2×5\s+50\s+10\s+not in the total\n/);
  expect(out).toContain('  at least 80 MACs per run (1 of 6 operators unknown)\n');
});

test('a table for people names the layers, their zeros and what is wrong', async () => {
  const { code, out, err } = await espalier('inspect', pruned('dead-channels'));
  expect(code).toBe(0);
  expect(err).toBe('');
  expect(out).toMatch(/layer1\.0\.conv1\.weight\s+F32\s+16×16×3×3\s+2,304\s+25\.0/);
  expect(out).toContain('4 dead output channels');
});

test('csv has one row a tensor and markdown one table a file', async () => {
  const csv = (await espalier('inspect', '-f', 'csv', pruned('dense'))).out.trimEnd().split('\r\n');
  expect(csv[0]).toMatch(/^file,name,dtype/);
  expect(csv).toHaveLength(39);
  expect(
    (await espalier('inspect', '-f', 'markdown', pruned('dense'), pruned('dead-layer'))).out.match(/^\| layer \|/gm),
  ).toHaveLength(2);
});

test('the two sides of a comparison: structure, values, and the exit code asked for', async () => {
  const [before, after] = [pruned('dense'), pruned('dead-channels')];
  const { code, out } = await espalier('diff', before, after, '--format', 'json');
  const report: DiffReport = diffReport.parse(JSON.parse(out));
  expect(code).toBe(0);
  expect(report.identical).toBe(false);
  expect((await espalier('diff', before, after, '--fail-on', 'values')).code).toBe(1);
  expect((await espalier('diff', before, before, '--fail-on', 'any')).code).toBe(0);
});

test('equal files say so', async () =>
  expect((await espalier('diff', pruned('dense'), pruned('dense'))).out).toContain('No value differs.'));

test('three files show the trend of every layer', async () => {
  const { out } = await espalier('diff', pruned('dense'), pruned('dead-channels'), pruned('dead-layer'));
  expect(out).toMatch(/layer2\.0\.conv2\.weight\s+0\s+0\s+100/);
});

test('diff of an unreadable file keeps stdout JSON alone', async () => {
  const { code, out, err } = await espalier('diff', pruned('dense'), join(folder, 'gone.pt'), '--format', 'json');
  expect(code).toBe(2);
  expect(JSON.parse(out)).toMatchObject({ error: { code: 'path/not-found' } });
  expect(err).toMatch(/^espalier: \S*gone\.pt: /);
});

test.each([
  [['inspect']],
  [['diff', 'only-one']],
  [['inspect', '--format', 'xml', 'a']],
  [['unknown']],
  [['inspect', '--threads', '0', 'a']],
])('the command line %j is refused with 2 and one line of help', async (args) => {
  const { code, err } = await espalier(...args);
  expect(code).toBe(2);
  expect(err).toMatch(/^espalier/);
});

test('the schema is printed on request', async () => {
  const schema = JSON.parse((await espalier('inspect', '--schema')).out);
  expect(schema.properties.schemaVersion).toMatchObject({ const: 1 });
});

test('help and version end with 0', async () => {
  expect((await espalier('--help')).code).toBe(0);
  expect((await espalier('--version')).out).toMatch(/^\d+\.\d+\.\d+/);
});

const DENSE = fixturePath('demo/models/resnet-tiny.safetensors');

test('prune writes what it says: counts by layer and in all, and the input stays', async () => {
  const before = readFileSync(DENSE);
  const output = join(folder, 'p80.safetensors');
  const { code, report } = await jsonOf(
    'prune',
    DENSE,
    '-o',
    output,
    '--method',
    'magnitude',
    '--sparsity',
    '0.8',
    '--scope',
    'model',
  );
  expect(code).toBe(0);
  expect(report).toMatchObject({
    schemaVersion: 1,
    method: 'magnitude',
    options: { sparsity: 0.8, scope: 'model' },
    seed: 1,
    totals: { elements: 271_380, zerosBefore: 0, zerosAfter: 217_104, sparsity: 0.8 },
    output,
    speedup: [],
  });
  const inspected = await json(output);
  const [file] = inspected.report.files;
  if (file === undefined || 'error' in file) throw new Error('unreadable');
  const zeros = new Map(file.tensors.map(({ name, zeros }) => [name, zeros]));
  for (const layer of report['layers'] as unknown as { name: string; zerosAfter: number }[])
    expect(zeros.get(layer.name)).toBe(layer.zerosAfter);
  expect(readFileSync(DENSE).equals(before)).toBe(true);
  const again = await jsonOf('prune', DENSE, '-o', output, '--sparsity', '0.8');
  expect(again).toMatchObject({ code: 2, report: { error: { code: 'output/exists' } } });
  expect(await jsonOf('prune', DENSE, '-o', DENSE, '--overwrite')).toMatchObject({
    code: 2,
    report: { error: { code: 'output/is-input' } },
  });
  expect(readFileSync(DENSE).equals(before)).toBe(true);
});

test.each<[string, string, string, string]>([
  ['checkpoints/onnx/cnn.onnx', 'own.onnx', 'onnx', 'magnitude'],
  ['checkpoints/onnx/nbits-eight.onnx', 'packed.onnx', 'onnx', 'magnitude'],
  ['checkpoints/tfjs/layers-model-shards/model.json', 'own.json', 'tfjs-layers-model', 'magnitude'],
  ['checkpoints/gguf/version-2.gguf', 'own.gguf', 'gguf', 'random'],
  ['checkpoints/pytorch/training.pt', 'own.pt', 'pytorch-zip', 'magnitude'],
])('%s is pruned in its own format: %s', async (input, name, format, method) => {
  const output = join(folder, name);
  const { code, err, report } = await jsonOf(
    'prune',
    fixturePath(input),
    '-o',
    output,
    '-m',
    method,
    '--sparsity',
    '0.8',
  );
  expect([code, err]).toEqual([0, '']);
  const [file] = (await json(output)).report.files;
  if (file === undefined || 'error' in file) throw new Error('unreadable');
  expect(file.format).toBe(format);
  expect(file.metadata['espalier.recipe']).toContain('0.8');
  const zeros = new Map(file.tensors.map(({ name, zeros }) => [name, zeros]));
  const layers = report['layers'] as unknown as { name: string; zerosAfter: number }[];
  expect(layers.length).toBeGreaterThan(0);
  for (const layer of layers) expect([layer.name, zeros.get(layer.name)]).toEqual([layer.name, layer.zerosAfter]);
});

test('what a format cannot hold is said before anything is written', async () => {
  const input = fixturePath('checkpoints/gguf/llama-tiny-Q4_K_M.gguf');
  const { code, report } = await jsonOf('prune', input, '-o', join(folder, 'no.gguf'), '--sparsity', '0.5');
  expect([code, report['error']]).toMatchObject([2, { code: 'output/tensor' }]);
  expect(existsSync(join(folder, 'no.gguf'))).toBe(false);
});

test('a 2:4 output is 2:4 along the inputs, without an exception', async () => {
  const output = join(folder, 'p24.safetensors');
  expect((await jsonOf('prune', DENSE, '-o', output, '-m', 'n-m')).code).toBe(0);
  const [file] = (await json(output)).report.files;
  if (file === undefined || 'error' in file) throw new Error('unreadable');
  const layer = file.tensors.find(({ name }) => name === 'layer3.1.conv1.weight')!;
  expect(layer.patterns?.['2:4']).toContainEqual(expect.objectContaining({ axis: 1, strict: true }));
});

test('re-grouping gives each layer dense blocks, and says what they keep', async () => {
  const output = join(folder, 'regrouped.safetensors');
  const { code, report } = await jsonOf('prune', DENSE, '-o', output, '--sparsity', '0.6', '--then', 'regroup');
  expect(code).toBe(0);
  expect(report['steps']).toMatchObject([{ method: 'magnitude' }, { verb: 'structure', method: 'regroup' }]);
  const notes = report['notes'] as unknown as { code: string; message: string; tensor: string }[];
  const regrouped = notes.filter(({ code }) => code === 'regroup/grouped');
  expect(regrouped.length).toBeGreaterThan(0);
  const [file] = (await json(output)).report.files;
  if (file === undefined || 'error' in file) throw new Error('unreadable');
  for (const { tensor, message } of regrouped) {
    const density = Number(/→ ([\d.]+);/.exec(message)![1]);
    const found = file.tensors.find(({ name }) => name === tensor)!;
    expect(1 - found.zeros! / found.elements).toBeCloseTo(density, 3);
  }
});

test.each([['pytorch/state-dict.pt'], ['onnx/cnn.onnx'], ['gguf/llama-tiny-Q4_K_M.gguf'], ['keras/small.keras']])(
  '%s is pruned into safetensors, with its tensors',
  async (name) => {
    const path = fixturePath(`checkpoints/${name}`);
    if (!existsSync(path)) throw new Error(`${name} is no fixture`);
    const output = join(folder, `${name.replace('/', '-')}.safetensors`);
    const { code, report } = await jsonOf('prune', path, '-o', output, '--sparsity', '0.8');
    expect(code).toBe(0);
    expect(report['totals']).toMatchObject({ sparsity: expect.closeTo(0.8, 2) });
  },
);

test('a sweep runs every point once, and compares them', async () => {
  const file = join(folder, 'sweep.espalier.yaml');
  const text = `input: ${DENSE}\nsteps:\n  - prune: magnitude\noutput: swept.safetensors\nsweep: { method: [magnitude, n-m], sparsity: [0.5, 0.9] }\n`;
  writeFileSync(file, text);
  const planned = await jsonOf('run', file, '--dry-run');
  expect(planned).toMatchObject({ code: 0, report: { kind: 'sweep', points: [{}, {}, {}] } });
  expect(existsSync(join(folder, 'swept.sweep'))).toBe(false);
  const { code, report } = await jsonOf('run', file);
  expect(code).toBe(0);
  expect(report).toMatchObject({
    schemaVersion: 1,
    kind: 'sweep',
    points: [
      { values: { method: 'magnitude', sparsity: 0.5 }, state: { kind: 'done', prunableZeros: 135_690 } },
      { values: { method: 'magnitude', sparsity: 0.9 }, state: { kind: 'done', prunableZeros: 244_242 } },
      { values: { method: 'n-m', sparsity: null }, state: { kind: 'done' } },
    ],
  });
  const again = await espalier('run', file);
  expect(again.code).toBe(0);
  expect(again.out).toMatch(/magnitude model .* 90\.0 /);
  expect(again.out).toContain('3 of them were finished before');
  const broken = join(folder, 'broken.espalier.yaml');
  writeFileSync(broken, text.replace('sparsity: [', 'sparsity: [7, '));
  expect(await jsonOf('run', broken)).toMatchObject({ code: 2, report: { problems: [{ code: 'option/range' }] } });
});

test('a recipe is planned, run, and its problems have places', async () => {
  const file = join(folder, 'a.espalier.yaml');
  const text = `input: ${DENSE}\nsteps:\n  - prune: { method: magnitude, sparsity: 0.9 }\n  - structure: refill\noutput: filled.safetensors\n`;
  writeFileSync(file, text);
  const planned = await jsonOf('plan', file);
  expect(planned).toMatchObject({
    code: 0,
    report: {
      plan: {
        steps: [
          { id: 'prune-1', tensors: 16 },
          { id: 'structure-2', tensors: 16 },
        ],
      },
    },
  });
  expect(existsSync(join(folder, 'filled.safetensors'))).toBe(false);
  const wished = await jsonOf('plan', file, '--gzip', '--measure');
  const { totals, latency } = (wished.report as unknown as { plan: Plan }).plan;
  expect(totals.sizes.after.gzip!.bytes).toBeLessThan(totals.sizes.before.gzip!.bytes / 2);
  expect(latency![0]!.before.how.kind).toBe('measured');
  const shown = await espalier('plan', file, '--measure');
  expect(shown.out).toMatch(/dense ms +quickest ms +way/);
  expect(shown.out).toMatch(/measured here: [\d.]+ → [\d.]+ ms for the products of 16 layers/);
  const { code, report } = await jsonOf('run', file, '--report');
  expect(code).toBe(0);
  expect(report['report']).toBe(join(folder, 'filled.safetensors.report.json'));
  expect(JSON.parse(readFileSync(report['report'] as unknown as string, 'utf8')).plan.totals.prunableZeros.after).toBe(
    (report['totals'] as unknown as { zerosAfter: number }).zerosAfter,
  );
  writeFileSync(file, text.replace('0.9', '90'));
  const wrong = await espalier('run', file);
  expect(wrong).toMatchObject({
    code: 2,
    err: expect.stringMatching(/^a\.espalier\.yaml:3:43: error: sparsity is .* \[option\/range\]\n$/),
  });
  expect((await espalier('plan', join(folder, 'gone.yaml'))).code).toBe(2);
});

test('layers are timed here, in every way that their zeros allow; what is no product says why', async () => {
  const sparse = fixturePath('demo/models/resnet-tiny-80.onnx');
  const { code, report } = await jsonOf('latency', sparse, '--layers', 'layer3.1.conv1*', '--layers', 'fc*');
  expect(code).toBe(0);
  const { machine, layers, total } = report as unknown as {
    machine: string;
    layers: { name: string; ways: { name: string; medianMs: number; runs: number }[] }[];
    total: { before: { value: number }; after: { value: number } };
  };
  expect(machine).toMatch(/ threads, Node \d+/);
  expect(layers.map(({ name }) => name)).toEqual(['layer3.1.conv1.weight', 'fc.weight']);
  // The graph tells that the convolution is applied at four positions.
  expect(layers[0]).toMatchObject({ rows: 80, inner: 720, columns: 4, columnsFrom: 'graph' });
  expect(layers[0]!.ways.map(({ name }) => name)).toEqual(['dense', 'csr', 'block-4x1', 'channels-removed', 'int8']);
  expect(layers[0]!.ways.every(({ medianMs, runs }) => medianMs > 0 && runs >= 3)).toBe(true);
  expect(total.after.value).toBeLessThanOrEqual(total.before.value);
  const { out } = await espalier('latency', sparse, '--layers', 'conv1*', '--columns', '8');
  expect(out).toMatch(/conv1\.weight +20×9 by 8 +0 +[\d.]+ +\d+ % +– +– +– +– +[\d.]+x/);
  expect(out).toMatch(/1\.0x where a runtime computes dense/);
  const missing = await jsonOf('latency', 'nowhere.onnx');
  expect(missing).toMatchObject({ code: 2, report: { error: { code: 'path/not-found' } } });
});

test('an ONNX model is timed as a whole too, in onnxruntime where that is installed', async () => {
  const { code, report } = await jsonOf('latency', fixturePath('demo/models/resnet-tiny-80.onnx'));
  expect(code).toBe(0);
  expect(report).toMatchObject({
    wholeModel: {
      engine: expect.stringMatching(/^onnxruntime \d+\.\d+\.\d+, 1 thread$/),
      per: expect.stringMatching(/ 1×1×8×8$/),
      figures: [{ how: { kind: 'measured' } }],
    },
  });
});

test('a report has the speed-up of every layer that changed', async () => {
  const output = join(folder, 'timed.safetensors');
  const { code, report } = await jsonOf('prune', DENSE, '-o', output, '--sparsity', '0.95', '--report');
  expect(code).toBe(0);
  const { speedup } = report as unknown as { speedup: { name: string; way: string; ratio: number }[] };
  expect(speedup).toHaveLength(16);
  expect(speedup.every(({ ratio }) => ratio >= 1)).toBe(true);
});

test('quantize tells what each layer loses, and its limits decide the exit code', async () => {
  const output = join(folder, 'q4.safetensors');
  const options = ['--bits', '4', '--granularity', 'group', '--group-size', '32', '--rule', 'layer1.**=int8-sym'];
  const { code, report } = await jsonOf('quantize', DENSE, '-o', output, ...options);
  expect(code).toBe(0);
  const { layers, bytes } = report as unknown as {
    layers: { name: string; quantization: { scheme: string; sqnrDb: number; bitsPerWeight: number } }[];
    bytes: { before: number; after: number };
  };
  expect(layers.find(({ name }) => name === 'layer3.1.conv1.weight')!.quantization).toMatchObject({
    scheme: 'int4-sym',
    bitsPerWeight: expect.closeTo(5.02, 1),
  });
  expect(layers.find(({ name }) => name === 'layer1.0.conv1.weight')!.quantization.scheme).toBe('int8-sym');
  expect(bytes.before / bytes.after).toBeGreaterThan(5);
  const read = await json(output);
  const tensor = read.report.files
    .flatMap((file) => ('tensors' in file ? file.tensors : []))
    .find(({ name }) => name === 'layer3.1.conv1.weight');
  expect(tensor).toMatchObject({ dtype: 'F32', storage: 'int4-sym', shape: [80, 80, 3, 3] });
  const dry = ['quantize', DENSE, '--dry-run', '--bits', '4'];
  expect((await espalier(...dry, '--min-sqnr', '5', '--max-size', '1e6')).code).toBe(0);
  const low = await espalier(...dry, '--min-sqnr', '60', '--max-size', '1000');
  expect(low.code).toBe(1);
  expect(low.err).toMatch(/keeps [\d.]+ dB, less than 60\./);
  expect(low.err).toMatch(/take \d+ bytes, more than 1000\./);
  // Samples are opened when they are needed; where nothing runs yet, they are not.
  const samples = ['--samples', join(folder, 'none.npz'), '--activation-bits', '6', '--calibration', 'kl'];
  const missing = await espalier('quantize', DENSE, '-o', output, '--overwrite', ...samples);
  expect([missing.code, missing.err]).toEqual([2, expect.stringContaining('none.npz')]);
  const wrong = await espalier('quantize', DENSE, '-o', output, '--rule', 'fc=int9');
  expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('It reads GLOB=SCHEME')]);
});

test('a device is calibrated by a profile of onnxruntime, and its file can be named like any other', async () => {
  const measured = fixturePath('golden/runtime-profile.json');
  const { code, report } = await jsonOf('calibrate', measured, '--name', 'here');
  expect(code).toBe(0);
  expect(report).toMatchObject({ schemaVersion: 1, device: { name: 'here', runs: 'f32' }, others: { Conv: 1 } });
  expect(report['products']).toHaveLength(10);
  const target = join(folder, 'here.yaml');
  const written = await espalier('calibrate', measured, '--name', 'here', '-o', target);
  expect(written.code).toBe(0);
  expect(written.out).toMatch(/Half of the estimates are off by at most \d+ %/);
  expect((await jsonOf('devices', target)).report['devices']).toEqual([report['device']]);
  expect((await espalier('calibrate', measured, '-o', target)).err).toContain('exists already');
  expect(await espalier('calibrate', target)).toMatchObject({ code: 2, out: '' });
  expect((await espalier('calibrate', measured, '--name', 'a b')).code).toBe(2);
});

test('doctor tells what is there, and what would add what', async () => {
  const { code, out } = await espalier('doctor');
  expect(code).toBe(0);
  expect(out).toContain('kernels    WebAssembly SIMD');
  expect(out).toMatch(/onnxruntime-node \d+\.\d+\.\d+ {3}(?:in this folder or above|beside Espalier): /);
  const { report } = await jsonOf('doctor');
  expect(report).toMatchObject({ schemaVersion: 1, kernels: 'wasm-simd', tools: [{ name: 'onnxruntime-node' }] });
  expect((await espalier('doctor', '--install', 'something')).code).toBe(2);
});

test('devices are listed with their sources, and an unknown one is refused', async () => {
  const { code, report } = await jsonOf('devices');
  const all = (report as unknown as { devices: { name: string; sources: string[] }[] }).devices;
  expect([code, all.length >= 12, all.every(({ sources }) => sources.length > 0)]).toEqual([0, true, true]);
  const one = await espalier('devices', 'a100');
  expect(one.out).toMatch(/peak: f32 19\.5 T, f16 312 T, int8 624 T operations a second/);
  expect(one.out).toContain('source: NVIDIA A100');
  expect(await jsonOf('devices', 'a1000')).toMatchObject({ code: 2, report: { error: { code: 'device/unknown' } } });
});

test('ratios of a model are told layer by layer, and impossible ones refused', async () => {
  const { code, report } = await jsonOf('methods', DENSE, '--ratios', 'erk', '--density', '0.1');
  expect(code).toBe(0);
  expect(report).toMatchObject({
    schemaVersion: 1,
    method: 'erk',
    density: 0.1,
    epsilon: expect.closeTo(20.2216905901, 8),
    overallDensity: expect.closeTo(0.1, 12),
  });
  expect((report['layers'] as unknown as unknown[]).length).toBe(16);
  expect(await jsonOf('methods', DENSE, '--ratios', 'uniform+', '--density', '0.0001')).toMatchObject({
    code: 2,
    report: { error: { code: 'prune/ratio-impossible' } },
  });
  expect((await jsonOf('methods')).report['methods']).toContainEqual(
    expect.objectContaining({ verb: 'prune', name: 'magnitude' }),
  );
});

test.each([
  [['prune', DENSE], 'needs -o FILE'],
  [['prune', DENSE, '-o', 'x.safetensors', '--sparsity', 'much'], 'It is a number'],
  [['prune', DENSE, '-o', 'x.safetensors', '--sparsity', '80'], '80 looks like a percentage, 0.8?'],
  [['prune', DENSE, '-o', 'x.h5'], 'Files like x.h5 are not written'],
])('%j is refused with 2', async (args, why) => {
  const { code, err } = await espalier(...args);
  expect(code).toBe(2);
  expect(err).toContain(why);
});

test('check compares checkpoints with their budget: text, JSON, SARIF, GitHub, Markdown and exit codes', async () => {
  const place = mkdtempSync(join(folder, 'budget-'));
  for (const name of ['resnet-tiny.safetensors', 'resnet-tiny-80.safetensors'])
    copyFileSync(fixturePath(`demo/models/${name}`), join(place, name));
  const budget = join(place, 'espalier.budget.yaml');
  writeFileSync(budget, 'size: 2 MB\nsparsity:\n  - { match: "layer*.*.conv*", atLeast: 0.5 }\naccuracy: 0.9\n');
  const [dense, pruned] = [join(place, 'resnet-tiny.safetensors'), join(place, 'resnet-tiny-80.safetensors')];

  const kept = await espalier('check', pruned);
  expect(kept.code).toBe(0);
  expect(kept.out).toMatch(/kept {5}1\.1 MB on disk, the budget allows 2 MB\. {2}budget\/size 1:7\n/);
  expect(kept.out).toMatch(
    /unknown {2}Accuracy was not measured: there is no resnet-tiny-80\.safetensors\.report\.json/,
  );
  expect(kept.out).toMatch(/2 kept · 0 broken · 1 unknown\n$/);
  expect((await espalier('check', pruned, '--strict')).code).toBe(1);

  const broken = await jsonOf('check', dense);
  expect(broken.code).toBe(1);
  expect(broken.report).toMatchObject({ schemaVersion: 1, passed: false });
  const [file] = broken.report['files'] as unknown as { limits: { code: string; verdict: string; line: number }[] }[];
  expect(file!.limits.map(({ code, verdict, line }) => [code, verdict, line])).toEqual([
    ['budget/size', 'kept', 1],
    ['budget/sparsity', 'broken', 3],
    ['budget/accuracy', 'unknown', 4],
  ]);

  // A budget names every checkpoint below its folder.
  const both = await espalier('check', budget, '--format', 'github');
  expect(both.code).toBe(1);
  expect(both.out.match(/^::error /gm)).toHaveLength(1);
  const sarif = JSON.parse((await espalier('check', budget, '--format', 'sarif')).out);
  expect(sarif.runs[0].results.map(({ ruleId }: { ruleId: string }) => ruleId).sort()).toEqual([
    'budget/accuracy',
    'budget/accuracy',
    'budget/sparsity',
  ]);
  expect((await espalier('check', budget, '--format', 'markdown')).out).toContain('| Checkpoint | | Limit | Code |');

  writeFileSync(`${pruned}.report.json`, JSON.stringify({ accuracy: { before: 0.95, after: 0.85, command: 'x' } }));
  expect((await espalier('check', pruned)).out).toContain(
    'The evaluate command gave 0.85, the budget asks for at least 0.9.',
  );

  writeFileSync(budget, 'size: huge\n');
  const wrong = await espalier('check', pruned);
  expect(wrong).toMatchObject({ code: 2, out: '' });
  expect(wrong.err).toMatch(/espalier\.budget\.yaml:1:7: error: size does not read like .* \[option\/choice\]\n/);
  expect((await espalier('check', join(place, 'nowhere.pt'), '--budget', budget)).code).toBe(2);
  expect(JSON.parse((await espalier('check', '--schema')).out).title).toBe('Budget of Espalier');
});

test('a recipe of llm-compressor is translated; what has no equivalent is said with its place', async () => {
  const foreign = join(folder, 'recipe.yaml');
  writeFileSync(
    foreign,
    'q_stage:\n  q_modifiers:\n    GPTQModifier: { scheme: W4A16 }\n    QuantizationModifier: { scheme: W8A16, ignore: [lm_head] }\n',
  );
  const { code, out, err } = await espalier('recipe', 'translate', foreign, '--input', 'llama.safetensors');
  expect(code).toBe(0);
  expect(out).toContain('input: llama.safetensors\nsteps:\n  - quantize:\n      method: post-training\n');
  expect(err).toContain('recipe.yaml:3:5: GPTQModifier has no equivalent:');
  const target = join(folder, 'made.espalier.yaml');
  expect((await espalier('recipe', 'translate', foreign, '-o', target)).code).toBe(0);
  expect((await espalier('recipe', 'translate', foreign, '-o', target)).err).toContain('exists already');
  expect((await espalier('recipe', 'translate', target)).code).toBe(2);
});

test.each([
  ['inspect', ['inspect', NET, '--threads', '0']],
  ['inspect', ['inspect', NET, '--bogus']],
  ['inspect', ['inspect']],
  ['diff', ['diff', NET]],
  ['prune', ['prune']],
])('what %s cannot begin is JSON all the same: %j', async (command, args) => {
  const { code, err, report } = await jsonOf(...args, '--format', 'json');
  expect(code).toBe(2);
  expect(err).not.toBe('');
  expect(report['error']).toEqual({ code: 'option/usage', message: expect.stringMatching(/\w/) });
  if (command === 'inspect') expect(inspectReport.parse(report).files).toEqual([]);
});

test('a glob that matches no tensor is told, with a name that there is, and is no success', async () => {
  const { code, err } = await espalier('inspect', NET, '--layers', 'nothing.*');
  expect(code).toBe(2);
  expect(err).toContain('no tensor is called nothing.*, such as ');
});

test('files of one name in two folders are told apart', async () => {
  const places = ['one', 'two'].map((name) => join(folder, name, 'x.npz'));
  for (const place of places) {
    mkdirSync(dirname(place), { recursive: true });
    writeFileSync(place, 'PK\u0003\u0004 and no more');
  }
  const { code, err } = await espalier('inspect', ...places);
  expect(code).toBe(2);
  for (const place of places) expect(err).toContain(`espalier: ${place}: `);
});
