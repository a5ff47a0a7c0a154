import {
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { scan, times } from '@espalier/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  CancellationTokenSource,
  type CodeAction,
  type CodeLens,
  type CompletionList,
  type Diagnostic,
  type DocumentLink,
  type Hover,
  type InlayHint,
  type PublishDiagnosticsParams,
  type TextEdit,
  type WorkspaceSymbol,
} from 'vscode-languageserver-protocol';
import { TestClient } from './harness.js';

const fixture = (name: string): string => fileURLToPath(new URL(`../../fixtures/${name}`, import.meta.url));

let folder: string;
let client: TestClient;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-code-'));
  cpSync(fixture('demo'), folder, { recursive: true });
  const copies = {
    'pytorch/foreign-global.pt': 'models/foreign.pt',
    'safetensors/odd-values.safetensors': 'models/odd.safetensors',
    'safetensors/sharded': 'models/sharded',
    'faults/pointers': 'models/pointers',
  };
  for (const [from, to] of Object.entries(copies))
    cpSync(fixture(`checkpoints/${from}`), join(folder, to), { recursive: true });
  cpSync(join(folder, 'models/resnet-tiny.safetensors'), join(folder, 'models/cut.safetensors'));
  truncateSync(join(folder, 'models/cut.safetensors'), 9_000);
  writeFileSync(
    join(folder, 'models/dead.safetensors'),
    safetensors('classifier.3.weight', [4, 8], new Float32Array(32)),
  );
  client = await TestClient.start({ folders: [folder], initializationOptions: { commands: true } });
});

afterAll(async () => {
  await client.stop();
  rmSync(folder, { recursive: true, force: true });
});

function safetensors(name: string, shape: readonly number[], values: Float32Array): Buffer {
  const size = 4 * shape.reduce((product, length) => product * length, 1);
  const header = Buffer.from(JSON.stringify({ [name]: { dtype: 'F32', shape, data_offsets: [0, size] } }));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length));
  return Buffer.concat([length, header, Buffer.from(values.buffer)]);
}

/** Names of unsaved texts, so that tests do not see each other's. */
let next = 0;
const LANGUAGES = {
  py: 'python',
  ts: 'typescript',
  json: 'json',
  yaml: 'yaml',
  toml: 'toml',
  md: 'markdown',
  ipynb: 'json',
};

interface Opened {
  readonly uri: string;
  readonly text: string;
  /** Position of the `|` that was in the text. */
  readonly position: { readonly line: number; readonly character: number };
}

/** Opens a text with the cursor at `|`. */
async function open(marked: string, ending: keyof typeof LANGUAGES = 'py', with_ = client): Promise<Opened> {
  const at = marked.indexOf('|');
  const text = at < 0 ? marked : marked.slice(0, at) + marked.slice(at + 1);
  const before = text.slice(0, Math.max(0, at)).split('\n');
  const uri = await with_.open(join(folder, `text-${next++}.${ending}`), LANGUAGES[ending], text);
  return { uri, text, position: { line: before.length - 1, character: before[before.length - 1]!.length } };
}

const at = ({ uri, position }: Opened) => ({ textDocument: { uri }, position });

async function hover(marked: string, ending: keyof typeof LANGUAGES = 'py'): Promise<string | null> {
  const opened = await open(marked, ending);
  const answer = await client.request<Hover | null>('textDocument/hover', at(opened));
  return answer === null ? null : (answer.contents as { value: string }).value;
}

/** Asks until the answer is as wanted: scans end when they end. Between two tries it waits for the server's news. */
async function eventually<T>(ask: () => Promise<T>, isDone: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const news = client.waitFor('workspace/inlayHint/refresh', () => true, true);
    const answer = await ask();
    if (isDone(answer)) return answer;
    await news;
  }
}

const whole = { start: { line: 0, character: 0 }, end: { line: 10_000, character: 0 } };

async function hints({ uri }: Opened): Promise<string[]> {
  const answer = await client.request<InlayHint[]>('textDocument/inlayHint', { textDocument: { uri }, range: whole });
  return answer.map(({ label, position }) => `${position.line}:${position.character} ${label}`);
}

async function diagnosticsOf({ uri }: Opened, isDone: (found: Diagnostic[]) => boolean): Promise<Diagnostic[]> {
  const params = await client.waitFor<PublishDiagnosticsParams>(
    'textDocument/publishDiagnostics',
    (candidate) => candidate.uri === uri && isDone(candidate.diagnostics),
  );
  return params.diagnostics;
}

/** The first diagnostics that are published for a text. */
const firstDiagnostics = (opened: Opened): Promise<Diagnostic[]> => diagnosticsOf(opened, () => true);

describe('hover', () => {
  test('on a layer says its speed once it was measured, and offers to measure before', async () => {
    const marked = 'm = load_file("models/resnet-tiny-80.safetensors")\nm["layer3.1.con|v1.weight"]';
    expect(await hover(marked)).toMatch(/\[Measure Speed\]\(command:espalier\.measureSpeed\?/);
    const path = join(folder, 'models/resnet-tiny-80.safetensors');
    const end = await client.stream(times, { path, layers: ['layer3.1.conv1.weight'] }, () => {});
    expect(end).toMatchObject({ ok: true, value: { summary: expect.stringContaining(' dense → ') } });
    const text = await eventually(
      () => hover(marked),
      (answer) => answer?.includes('% zero') ?? true,
    );
    expect(text).toMatch(
      /onnxruntime 1\.0x \(runs dense\), here CSR [\d.]+x, 4x1 blocks [\d.]+x, .*as fast as dense \([\d.]+ ms\), measured/,
    );
    expect(text).not.toContain('Measure Speed');
  });

  test('a checkpoint answers from its header, and completely once it was read', async () => {
    const opened = await open('torch.load("models/resnet-tiny-80.safet|ensors")');
    const ask = async (): Promise<string> =>
      ((await client.request<Hover>('textDocument/hover', at(opened))).contents as { value: string }).value;
    expect((await ask()).split(/ *\n/)[0]).toBe(
      '**resnet-tiny-80.safetensors** · safetensors · 274 k parameters · 1.1 MB',
    );
    const complete = await eventually(ask, (text) => text.includes('exact'));
    expect(complete).toMatch(/^7\d\.\d % of prunable weights are zero \(7\d\.\d % of all\) · exact$/m);
    expect(complete).toContain('| layer3.0.conv2.weight | 80×80×3×3 | 92.3 % |');
    expect(complete).toContain('⚠ 8 dead output channels in layer3.1.conv1');
    expect(complete).toContain('[Inspect](command:espalier.inspect?');
  });

  test('the range is the path', async () => {
    const opened = await open('x = "😀"; torch.load("models/resnet-tiny.safet|ensors")');
    const { range } = await client.request<Hover>('textDocument/hover', at(opened));
    expect(range).toEqual({ start: { line: 0, character: 22 }, end: { line: 0, character: 52 } });
  });

  test.each([
    ['s = load_file("models/resnet-tiny-80.safetensors")\ns["layer3.1.conv1.we|ight"]', 'layer3.1.conv1.weight'],
    [
      's = load_file("models/resnet-tiny-80.safetensors")\nmodel.layer3[1].conv|1.weight.abs()',
      'layer3.1.conv1.weight',
    ],
    [
      'model.load_state_dict(load_file("models/resnet-tiny-80.safetensors"))\nb = model.layer3[1]\nb.conv1.we|ight',
      'layer3.1.conv1.weight',
    ],
  ])('a layer: %s', async (marked, name) => {
    const text = await eventually(
      () => hover(marked),
      (answer) => answer?.includes('% zero') ?? true,
    );
    expect(text).toMatch(
      new RegExp(
        `^\\*\\*${name.replaceAll('.', '\\.')}\\*\\* · F32 · 80×80×3×3 · 57,600 weights · 230 kB  \n[\\d.]+ % zero · 8 dead channels`,
      ),
    );
    expect(text).toContain('in resnet-tiny-80.safetensors');
  });

  test('the variable tells which checkpoint is meant', async () => {
    const text = await hover(
      'a = load_file("models/resnet-tiny.safetensors")\nb = load_file("models/resnet-tiny-80.safetensors")\na["fc.we|ight"]',
    );
    expect(text).toContain('in resnet-tiny.safetensors');
  });

  test('a module lists its tensors', async () =>
    expect(await hover('m = load_file("models/resnet-tiny.safetensors")\nm["layer1.0.con|v1"]')).toMatch(
      /^\*\*layer1\.0\.conv1\.weight\*\*/,
    ));

  test.each([
    ['json', '{"checkpoint": "models/digits-int8.tf|lite"}', /TensorFlow Lite/],
    ['yaml', 'model: models/resnet-tiny-80.on|nx', /ONNX/],
    ['toml', "weights = 'models/digits.h|5'", /Keras/],
    ['md', '[x](models/tiny-llama-Q4_K_M.gg|uf)', /GGUF/],
    ['ts', 'tf.loadLayersModel("file://models/digits/model.js|on")', /TensorFlow\.js/],
    ['py', 'AutoModel.from_pretrained("models/tiny-ll|ama")', /parameters/],
    ['py', 'glob("models/resnet-*-tun*.saf|etensors")', /^\*\*resnet-tiny-80-tuned\.safetensors/],
  ] as const)('in %s: %s', async (ending, marked, expected) => expect(await hover(marked, ending)).toMatch(expected));

  test('several matches of a glob are listed', async () =>
    expect(await hover('glob("models/resnet-tiny*.saf|etensors")')).toMatch(
      /^3 files match:\n- models\/resnet-tiny-80-tuned\.safetensors\n/,
    ));

  test('a hub model that was never fetched', async () =>
    expect(await hover('AutoModel.from_pretrained("org/na|me")')).toBe(
      '**org/name** · a hub model that is not in the local cache',
    ));

  test('a hub model in the local cache, whose files are links into it', async () => {
    const repository = join(client.cache, 'hf/hub/models--org--local');
    for (const part of ['blobs', 'refs', 'snapshots/abc']) mkdirSync(join(repository, part), { recursive: true });
    cpSync(join(folder, 'models/resnet-tiny.safetensors'), join(repository, 'blobs/1f'));
    symlinkSync('../../blobs/1f', join(repository, 'snapshots/abc/model.safetensors'));
    writeFileSync(join(repository, 'refs/main'), 'abc');
    expect(await hover('AutoModel.from_pretrained("org/lo|cal")')).toMatch(
      /^\*\*org\/local\*\* · .* · 274 k parameters/,
    );
    expect(await hover('hf_hub_download("org/local", "model.safe|tensors")')).toContain('274 k parameters');
  });

  test.each(['x = "models/no|ne.pt"', 'model.nothing.like.th|is', '# models/resnet-tiny.safet|ensors', 'x = 1|'])(
    'nothing: %s',
    async (marked) => expect(await hover(marked)).toBeNull(),
  );

  test('a pointer says how to fetch the file', async () =>
    expect(await hover('load_file("models/pointers/resnet18.safe|tensors")')).toMatch(
      /^\*\*resnet18\.safetensors\*\*\n\nThis is a Git LFS pointer, not the model.*git lfs pull --include "resnet18\.safetensors" fetches it\.$/,
    ));
});

describe('hints, lenses, links', () => {
  test('hints begin with the size and end with the sparsity', async () => {
    const opened = await open(
      'torch.load("models/resnet-tiny-80-half.pt")\nx = "models/none.pt"\ntorch.load(f"models/{x}.pt")\n',
    );
    expect((await hints(opened))[0]).toMatch(/^0:42 274 k/);
    expect(
      await eventually(
        () => hints(opened),
        ([first]) => first?.includes('sparse') ?? false,
      ),
    ).toEqual(['0:42 274 k, 72 % sparse']);
  });

  test('lenses stand once above a line', async () => {
    const opened = await open(
      '\nx = [load_file("models/resnet-tiny.safetensors"), "models/none.pt"]\ntorch.save(x, "models/digits.h5")',
    );
    const lenses = await client.request<CodeLens[]>('textDocument/codeLens', { textDocument: { uri: opened.uri } });
    expect(lenses.map(({ range, command }) => [range.start.line, command?.title, command?.arguments])).toEqual([
      [1, 'Inspect', [join(folder, 'models/resnet-tiny.safetensors')]],
      [1, 'Compare with previous', [join(folder, 'models/resnet-tiny.safetensors')]],
      [1, 'Prune…', [join(folder, 'models/resnet-tiny.safetensors')]],
    ]);
  });

  test('a file that cannot be read has the lens Inspect alone', async () => {
    const opened = await open('load_file("models/pointers/resnet18.safetensors")\n');
    const lenses = await client.request<CodeLens[]>('textDocument/codeLens', { textDocument: { uri: opened.uri } });
    expect(lenses.map(({ command }) => command?.title)).toEqual(['Inspect']);
  });

  test('links lead to files; folders and shared endings to the inspector', async () => {
    const opened = await open(
      'load_file("models/resnet-tiny.safetensors")\nload_model("models/digits.h5")\nA.from_pretrained("models/tiny-llama")\ntorch.load("models/none.pt")',
    );
    const links = await client.request<DocumentLink[]>('textDocument/documentLink', {
      textDocument: { uri: opened.uri },
    });
    const command = (name: string): string =>
      `command:espalier.inspect?${encodeURIComponent(JSON.stringify([join(folder, name)]))}`;
    expect(links.map(({ range, target }) => [range.start.line, target])).toEqual([
      [0, pathToFileURL(join(folder, 'models/resnet-tiny.safetensors')).href],
      [1, command('models/digits.h5')],
      [2, command('models/tiny-llama')],
    ]);
  });
});

describe('diagnostics', () => {
  test('a misspelled path, its fix, and its end', async () => {
    const opened = await open('D = Path("models")\nload_file(D / "resnet-tiny-80-tunned.safetensors")\n');
    const [found, ...others] = await firstDiagnostics(opened);
    expect(others).toEqual([]);
    expect(found).toMatchObject({
      code: 'checkpoint/missing',
      severity: 2,
      source: 'espalier',
      message:
        'models/resnet-tiny-80-tunned.safetensors does not exist. Did you mean models/resnet-tiny-80-tuned.safetensors?',
      range: { start: { line: 1, character: 15 }, end: { line: 1, character: 48 } },
      codeDescription: { href: expect.stringMatching(/findings\.md#checkpointmissing$/) },
    });
    const actions = await client.request<CodeAction[]>('textDocument/codeAction', {
      textDocument: { uri: opened.uri },
      range: found!.range,
      context: { diagnostics: [found], only: ['quickfix'] },
    });
    expect(actions.map(({ title }) => title)).toEqual(['Replace by models/resnet-tiny-80-tuned.safetensors']);
    const edits = actions[0]!.edit!.changes![opened.uri]!;
    const gone = client.waitFor<PublishDiagnosticsParams>(
      'textDocument/publishDiagnostics',
      ({ uri, version }) => uri === opened.uri && version === 2,
      true,
    );
    await client.change(opened.uri, 2, applied(opened.text, edits));
    expect((await gone).diagnostics).toEqual([]);
  });

  test.each([
    [
      'torch.load("models/foreign.pt")',
      'checkpoint/foreign-global',
      2,
      /^The pickle names .*Nothing was executed; loading it with torch\.load would be unsafe\.$/,
    ],
    ['load_file("models/cut.safetensors")', 'checkpoint/truncated', 1, /The file ends at 9,?000/],
    ['load_file("models/odd.safetensors")', 'checkpoint/non-finite', 2, /(NaN|Inf).* weights? in .*, the first at \[/],
    [
      'load_file("models/dead.safetensors")',
      'checkpoint/dead-layer',
      3,
      /^All 32 weights of classifier\.3\.weight are zero\.$/,
    ],
    [
      'load_file("models/pointers/resnet18.safetensors")',
      'checkpoint/lfs-pointer',
      2,
      /^This is a Git LFS pointer, not the model/,
    ],
    [
      'load_file("models/pointers/encoder.safetensors")',
      'checkpoint/dvc-pointer',
      2,
      /dvc pull ".*encoder\.safetensors\.dvc" fetches it\.$/,
    ],
  ])('%s', async (text, code, severity, message) => {
    const found = await diagnosticsOf(await open(text), (all) => all.some((one) => one.code === code));
    expect(found.find((one) => one.code === code)).toMatchObject({ severity, message: expect.stringMatching(message) });
  });

  test('an index that names a shard too many', async () => {
    const index = join(folder, 'models/short/model.safetensors.index.json');
    mkdirSync(join(folder, 'models/short'));
    cpSync(
      join(folder, 'models/tiny-llama/model-00001-of-00003.safetensors'),
      join(folder, 'models/short/model-00001-of-00003.safetensors'),
    );
    cpSync(join(folder, 'models/tiny-llama/model.safetensors.index.json'), index);
    const found = await diagnosticsOf(await open('A.from_pretrained("models/short")'), (all) => all.length > 0);
    expect(found.map(({ code }) => code)).toContain('checkpoint/shards-differ');
  });

  test('the command that fetches a pointer can be copied', async () => {
    const opened = await open('load_file("models/pointers/resnet18.safetensors")');
    const found = await diagnosticsOf(opened, (all) => all.length > 0);
    const actions = await client.request<CodeAction[]>('textDocument/codeAction', {
      textDocument: { uri: opened.uri },
      range: found[0]!.range,
      context: { diagnostics: found },
    });
    expect(actions.find(({ title }) => title.startsWith('Copy'))?.command).toMatchObject({
      command: 'espalier.copyText',
      arguments: [expect.stringMatching(/^git lfs pull --include ".*resnet18\.safetensors"$/)],
    });
  });

  test('no false alarms', async () => {
    const opened = await open(
      [
        'torch.save(x, "out/new.pt")',
        'model.save_pretrained("out/new")',
        'A.from_pretrained("org/never-fetched")',
        'hf_hub_download("org/name", "model.safetensors")',
        'torch.load(f"models/{name}.pt")',
        'torch.load(folder + "/x.pt")',
        'torch.load("models/%d.pt" % n)',
        'torch.load("https://example.org/x.pt")',
        'torch.load(path)',
        'NAMES = ["a.pt", "b.pt"]',
        'parser.add_argument("--checkpoint", default="x.pt")',
        'if os.path.exists("y.pt"): torch.load("y.pt")',
        'torch.load("/data/of/the/cluster/x.pt")',
        'torch.load("half-typed.pt',
      ].join('\n'),
    );
    expect(await firstDiagnostics(opened)).toEqual([]);
  });

  test('a file that appears or goes away is told', async () => {
    const path = join(folder, 'models/late.safetensors');
    const opened = await open('load_file("models/late.safetensors")');
    expect((await firstDiagnostics(opened)).map(({ code }) => code)).toEqual(['checkpoint/missing']);
    const notify = (type: number): Promise<void> =>
      client.notify('workspace/didChangeWatchedFiles', { changes: [{ uri: pathToFileURL(path).href, type }] });
    const news = (codes: number): Promise<unknown> =>
      client.waitFor<PublishDiagnosticsParams>(
        'textDocument/publishDiagnostics',
        ({ uri, diagnostics }) => uri === opened.uri && diagnostics.length === codes,
        true,
      );
    cpSync(join(folder, 'models/resnet-tiny.safetensors'), path);
    const good = news(0);
    await notify(1);
    await good;
    rmSync(path);
    const bad = news(1);
    await notify(3);
    await bad;
  });

  test('a closed text has none', async () => {
    const opened = await open('load_file("models/nothing.safetensors")');
    await firstDiagnostics(opened);
    const cleared = client.waitFor<PublishDiagnosticsParams>(
      'textDocument/publishDiagnostics',
      ({ uri, diagnostics }) => uri === opened.uri && diagnostics.length === 0,
      true,
    );
    await client.notify('textDocument/didClose', { textDocument: { uri: opened.uri } });
    await cleared;
  });
});

describe('completion', () => {
  async function complete(marked: string, ending: keyof typeof LANGUAGES = 'py'): Promise<string[]> {
    const opened = await open(marked, ending);
    const list = await client.request<CompletionList | null>('textDocument/completion', at(opened));
    return (list?.items ?? []).map(({ textEdit }) => applied(opened.text, [textEdit as TextEdit]));
  }

  test('paths, also in a string that is not closed yet', async () => {
    expect(await complete('load_file("|")')).toContain('load_file("models/resnet-tiny.safetensors")');
    expect(await complete('x = load_file("mod|\ny = 1')).toContain(
      'x = load_file("models/resnet-tiny.safetensors\ny = 1',
    );
    expect(await complete('checkpoint: |', 'yaml')).toContain('checkpoint: models/digits.h5');
    expect(await complete('new URL("./|", import.meta.url)', 'ts')).toContain(
      'new URL("./models/resnet-tiny-80.onnx", import.meta.url)',
    );
  });

  test('layer names of what the variable was loaded from', async () => {
    const head = 's = load_file("models/resnet-tiny.safetensors")\n';
    expect(await complete(`${head}s["layer1|"]`)).toContain(`${head}s["layer1.0.conv1.weight"]`);
  });

  test('a chain goes one step at a time, numbers in brackets', async () => {
    const head = 'model.load_state_dict(load_file("models/resnet-tiny.safetensors"))\n';
    expect(await complete(`${head}model.|`)).toContain(`${head}model.layer1`);
    expect(await complete(`${head}model.layer1.|`)).toEqual([`${head}model.layer1[0]`, `${head}model.layer1[1]`]);
    expect(await complete(`${head}model.layer1[0].co|`)).toContain(`${head}model.layer1[0].conv2`);
  });

  test('nothing elsewhere', async () => {
    expect(await complete('print("he|llo")')).toEqual([]);
    expect(await complete('import os\nos.pa|')).toEqual([]);
  });
});

test('workspace symbols find layers', async () => {
  const symbols = await client.request<WorkspaceSymbol[]>('workspace/symbol', { query: 'layer3.1.conv1' });
  const found = symbols.map(({ name, kind, containerName }) => `${kind} ${name} ${containerName}`);
  expect(found).toContain('2 layer3.1.conv1 models/resnet-tiny.safetensors');
  expect(found).toContain('8 layer3.1.conv1.weight models/resnet-tiny.safetensors · 80×80×3×3');
  expect(await client.request('workspace/symbol', { query: 'no.such.layer' })).toEqual([]);
});

test('layers of the last of many checkpoints are found, and names as they are written come first', async () => {
  const many = mkdtempSync(join(tmpdir(), 'espalier-many-'));
  for (let i = 0; i < 120; i++)
    copyFileSync(join(folder, 'models/resnet-tiny-80.safetensors'), join(many, `a${i}.safetensors`));
  copyFileSync(join(folder, 'models/digits.h5'), join(many, 'z.h5'));
  const other = await TestClient.start({ folders: [many] });
  try {
    const symbols = await other.request<WorkspaceSymbol[]>('workspace/symbol', { query: 'pointwise2' });
    expect(symbols[0]).toMatchObject({
      name: expect.stringContaining('pointwise2'),
      containerName: expect.stringContaining('z.h5'),
    });
  } finally {
    await other.stop();
    rmSync(many, { recursive: true, force: true });
  }
});

test('a notebook, as JSON and as the cells that an editor sends', async () => {
  const text = readFileSync(join(folder, 'evaluate.ipynb'), 'utf8');
  const uri = await client.open(join(folder, 'evaluate.ipynb'), 'json', text);
  const links = await client.request<DocumentLink[]>('textDocument/documentLink', { textDocument: { uri } });
  expect(links.length).toBeGreaterThanOrEqual(4);
  const cell = `vscode-notebook-cell:${join(folder, 'evaluate.ipynb')}#W0sZmlsZQ==`;
  const cellText = 'load_file("models/resnet-tiny.safetensors")';
  await client.notify('textDocument/didOpen', {
    textDocument: { uri: cell, languageId: 'python', version: 1, text: cellText },
  });
  const answer = await client.request<Hover | null>('textDocument/hover', {
    textDocument: { uri: cell },
    position: { line: 0, character: 15 },
  });
  expect(answer?.contents).toMatchObject({ value: expect.stringContaining('resnet-tiny.safetensors') });
});

describe('without a reference in the text', () => {
  test('every checkpoint that has the layer is listed', async () =>
    expect(await hover('x = "layer3.1.conv1.we|ight"')).toMatch(
      /^\d+ checkpoints have layer3\.1\.conv1\.weight:\n(- models\/.*: 80×80×3×3.*\n?){3}/,
    ));

  test('the default checkpoint is asked, for chains too', async () => {
    const settings = { defaultCheckpoint: 'models/resnet-tiny-80.safetensors' };
    const other = await TestClient.start({ folders: [folder], initializationOptions: { settings } });
    try {
      for (const marked of [
        'x = "layer3.1.conv1.we|ight"',
        'self.layer3[1].conv1.we|ight',
        'skip: [layer3.1.conv1.we|ight]',
      ]) {
        const opened = await open(marked, marked.startsWith('skip') ? 'yaml' : 'py', other);
        const { contents } = await other.request<Hover>('textDocument/hover', at(opened));
        expect((contents as { value: string }).value).toContain('in resnet-tiny-80.safetensors');
      }
    } finally {
      await other.stop();
    }
  });
});

test('a hover from the cache takes less than 50 ms while two gigabytes are read', async () => {
  const big = join(folder, 'models/big.safetensors');
  const rows = 500;
  const header = safetensors('big.weight', [rows, 1_000_000], new Float32Array(0));
  writeFileSync(big, header);
  // Zeros that take no room on the disk.
  truncateSync(big, header.length + rows * 4_000_000);
  const opened = await open('load_file("models/resnet-tiny.safet|ensors")');
  const ask = (): Promise<Hover> => client.request<Hover>('textDocument/hover', at(opened));
  await eventually(ask, ({ contents }) => (contents as { value: string }).value.includes('exact'));
  let ended = false;
  const stop = new CancellationTokenSource();
  const reading = client
    .stream(scan, { path: big, full: true }, () => {}, stop)
    .then(
      () => {
        ended = true;
      },
      () => {},
    );
  const times: number[] = [];
  for (let round = 0; round < 15 && !ended; round++) {
    const begin = performance.now();
    await ask();
    times.push(performance.now() - begin);
  }
  expect(times.length).toBeGreaterThan(4);
  expect(times.sort((a, b) => a - b)[Math.floor(times.length / 2)]).toBeLessThan(50);
  stop.cancel();
  await reading;
  rmSync(big);
});

test('options that are not what they should be are passed over', async () => {
  const options = { cacheFolder: 7, threads: 'many', trusted: 'yes', locale: null, settings: 3 };
  const other = await TestClient.start({ folders: [folder], initializationOptions: options });
  try {
    const opened = await open('load_file("models/resnet-tiny.safet|ensors")', 'py', other);
    const { contents } = await other.request<Hover>('textDocument/hover', at(opened));
    expect((contents as { value: string }).value).toContain('resnet-tiny.safetensors');
  } finally {
    await other.stop();
  }
});

test('an editor that runs no commands of ours gets no links to them', async () => {
  const other = await TestClient.start({ folders: [folder] });
  try {
    const opened = await open(
      'load_file("models/resnet-tiny.safet|ensors")\nA.from_pretrained("models/tiny-llama")',
      'py',
      other,
    );
    const { contents } = await other.request<Hover>('textDocument/hover', at(opened));
    expect((contents as { value: string }).value).not.toContain('command:');
    const links = await other.request<DocumentLink[]>('textDocument/documentLink', {
      textDocument: { uri: opened.uri },
    });
    expect(links.every(({ target }) => target?.startsWith('file:'))).toBe(true);
    expect(other.initialized.capabilities.codeLensProvider).toBeUndefined();
    const actions = await other.request<CodeAction[]>('textDocument/codeAction', {
      textDocument: { uri: opened.uri },
      range: { start: opened.position, end: opened.position },
      context: { diagnostics: [] },
    });
    expect(actions).toEqual([]);
  } finally {
    await other.stop();
  }
});

/** The text after edits of single ranges. */
function applied(text: string, edits: readonly TextEdit[]): string {
  const starts = [0];
  for (let index = 0; index < text.length; index++) if (text[index] === '\n') starts.push(index + 1);
  const offset = ({ line, character }: TextEdit['range']['start']): number => starts[line]! + character;
  return [...edits]
    .sort((a, b) => offset(b.range.start) - offset(a.range.start))
    .reduce(
      (result, { range, newText }) => result.slice(0, offset(range.start)) + newText + result.slice(offset(range.end)),
      text,
    );
}
