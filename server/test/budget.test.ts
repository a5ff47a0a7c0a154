import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { fixturePath } from '@espalier/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type {
  CodeAction,
  CompletionList,
  Diagnostic,
  DocumentSymbol,
  Hover,
  PublishDiagnosticsParams,
  SemanticTokens,
} from 'vscode-languageserver-protocol';
import { TestClient } from './harness.js';

let folder = '';
let client: TestClient;
let version = 1;
const budgetFile = () => join(folder, 'espalier.budget.yaml');
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-budget-'));
  mkdirSync(join(folder, 'models'));
  copyFileSync(fixturePath('demo/models/resnet-tiny-80.safetensors'), join(folder, 'models/resnet.safetensors'));
  writeFileSync(budgetFile(), 'size: 2 MB\n');
  client = await TestClient.start({ folders: [folder], initializationOptions: { commands: true, trusted: true } });
  await client.open(budgetFile(), 'yaml', 'size: 2 MB\n');
});
afterAll(async () => {
  await client.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Writes the open budget; `|` marks the cursor. */
async function edit(marked: string) {
  const before = marked.slice(0, Math.max(0, marked.indexOf('|'))).split('\n');
  const uri = pathToFileURL(budgetFile()).href;
  await client.change(uri, ++version, marked.replace('|', ''));
  return { uri, version, position: { line: before.length - 1, character: before.at(-1)!.length } };
}

const diagnosticsOf = async (uri: string, of: (found: readonly Diagnostic[], at?: number) => boolean) =>
  (
    await client.waitFor<PublishDiagnosticsParams>(
      'textDocument/publishDiagnostics',
      (params) => params.uri === uri && of(params.diagnostics, params.version),
    )
  ).diagnostics;

test('problems of a budget are diagnostics with a fix', async () => {
  const { uri, version: at } = await edit('size: 2 MB\nforbid: [non-finit]\n');
  const diagnostics = await diagnosticsOf(uri, (_, seen) => seen === at);
  expect(diagnostics.map(({ code, message }) => [code, message])).toEqual([
    ['budget/unknown-finding', 'No finding is called non-finit. Did you mean non-finite?'],
  ]);
  const actions = await client.request<CodeAction[]>('textDocument/codeAction', {
    textDocument: { uri },
    range: diagnostics[0]!.range,
    context: { diagnostics },
  });
  expect(actions[0]).toMatchObject({ title: 'Replace by non-finite' });
});

test('hovers say what a limit means, and what a glob matches in the checkpoint', async () => {
  const ask = async (marked: string): Promise<string> => {
    const { uri, position } = await edit(marked);
    const hover = await client.request<Hover>('textDocument/hover', { textDocument: { uri }, position });
    return (hover.contents as { value: string }).value;
  };
  expect(await ask('si|ze: 2 MB\n')).toMatch(/^\*\*size\*\* · Bytes on disk at most/);
  expect(await ask('sparsity: [{ match: "layer3.1.c|onv*", atLeast: 0.5 }]\n')).toMatch(
    /^`layer3\.1\.conv\*` · 2 of 92 tensors of resnet\.safetensors, 115,200 elements/,
  );
});

test('completion offers keys, values and layers of the checkpoint', async () => {
  const ask = async (marked: string): Promise<string[]> => {
    const { uri, position } = await edit(marked);
    const list = await client.request<CompletionList>('textDocument/completion', { textDocument: { uri }, position });
    return list.items.map(({ label }) => label);
  };
  expect(await ask('size: 2 MB\n|')).toEqual(['checkpoints', 'sparsity', 'pattern', 'latency', 'accuracy', 'forbid']);
  expect(await ask('pattern: [{ match: a, is: | }]')).toContain('2:4');
  expect(await ask('sparsity: [{ match: | }]')).toContain('layer3.1.conv2.weight');
});

test('a budget has an outline and highlighted globs', async () => {
  const { uri } = await edit('size: 2 MB\nsparsity:\n  - { match: "layer3.*", atLeast: 0.5 }\n');
  const symbols = await client.request<DocumentSymbol[]>('textDocument/documentSymbol', { textDocument: { uri } });
  expect(symbols.map(({ name, detail }) => [name, detail])).toEqual([
    ['size', '2 MB'],
    ['sparsity', ''],
  ]);
  const tokens = await client.request<SemanticTokens>('textDocument/semanticTokens/full', { textDocument: { uri } });
  expect(tokens.data).toHaveLength(10);
});

test('code that names a checkpoint is marked where it breaks its budget, and follows the budget', async () => {
  const limits = 'size: 1 MB\npattern:\n  - { match: "layer*.**.conv*", is: 2:4 }\naccuracy: 0.9\n';
  writeFileSync(budgetFile(), limits);
  const code = 'import torch\nnet = torch.load("models/resnet.safetensors")\n';
  const uri = await client.open(join(folder, 'train.py'), 'python', code);
  const ours = (found: readonly Diagnostic[]) => found.filter(({ code }) => String(code).startsWith('budget/'));
  const diagnostics = await diagnosticsOf(uri, (found) => ours(found).length === 2);
  expect(ours(diagnostics).map(({ code, message, range }) => [code, message, range.start])).toEqual([
    [
      'budget/size',
      expect.stringMatching(/^Over its budget: 1\.1 MB on disk, the budget allows 1 MB\./),
      { line: 1, character: 18 },
    ],
    [
      'budget/pattern',
      expect.stringMatching(/^Over its budget: 2:4 does not hold in \d+ of \d+ tensors/),
      { line: 1, character: 18 },
    ],
  ]);
  writeFileSync(budgetFile(), 'size: 2 MB\n');
  await client.notify('workspace/didChangeWatchedFiles', {
    changes: [{ uri: pathToFileURL(budgetFile()).href, type: 2 }],
  });
  await client.waitFor<PublishDiagnosticsParams>(
    'textDocument/publishDiagnostics',
    (params) => params.uri === uri && ours(params.diagnostics).length === 0,
    true,
  );
});
