import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fixturePath } from '@espalier/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type {
  CodeAction,
  CodeLens,
  CompletionList,
  DocumentSymbol,
  FoldingRange,
  Hover,
  PublishDiagnosticsParams,
  SemanticTokens,
  TextEdit,
  WorkspaceEdit,
} from 'vscode-languageserver-protocol';
import { TestClient } from './harness.js';

let folder = '';
let client: TestClient;
let opened = 0;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-recipe-'));
  mkdirSync(join(folder, 'models'));
  copyFileSync(fixturePath('demo/models/resnet-tiny.safetensors'), join(folder, 'models/resnet.safetensors'));
  client = await TestClient.start({ folders: [folder], initializationOptions: { commands: true, trusted: true } });
});
afterAll(async () => {
  await client.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Opens a recipe; `|` marks the cursor. */
async function open(marked: string) {
  const before = marked.slice(0, Math.max(0, marked.indexOf('|'))).split('\n');
  const text = marked.replace('|', '');
  const uri = await client.open(join(folder, `r${opened++}.espalier.yaml`), 'yaml', text);
  return { uri, text, position: { line: before.length - 1, character: before.at(-1)!.length } };
}

const HEAD = 'input: models/resnet.safetensors\noutput: models/later.safetensors\nsteps:\n';

test('problems of a recipe are diagnostics with a fix; its output need not exist', async () => {
  const { uri } = await open(`${HEAD}  - prune: { method: magnitude, sparsity: 80 }\n`);
  const { diagnostics } = await client.waitFor<PublishDiagnosticsParams>(
    'textDocument/publishDiagnostics',
    (params) => params.uri === uri,
  );
  expect(diagnostics.map(({ code, message }) => [code, message])).toEqual([
    ['option/range', 'sparsity is 0 to less than 1; 80 looks like a percentage, 0.8?'],
  ]);
  const [problem] = diagnostics;
  const actions = await client.request<CodeAction[]>('textDocument/codeAction', {
    textDocument: { uri },
    range: problem!.range,
    context: { diagnostics: [problem] },
  });
  expect(actions[0]).toMatchObject({ title: 'Replace by 0.8', edit: { changes: { [uri]: [{ newText: '0.8' }] } } });
});

test('a recipe without problems has none', async () => {
  const { uri } = await open(`${HEAD}  - prune: magnitude\n`);
  const { diagnostics } = await client.waitFor<PublishDiagnosticsParams>(
    'textDocument/publishDiagnostics',
    (params) => params.uri === uri,
  );
  expect(diagnostics).toEqual([]);
});

test('a hover says what an option means', async () => {
  const { uri, position } = await open(`${HEAD}  - prune: { method: magnitude, spars|ity: 0.8 }\n`);
  const hover = await client.request<Hover>('textDocument/hover', { textDocument: { uri }, position });
  expect(hover.contents).toMatchObject({
    value: '**sparsity** · Fraction of weights set to zero. 0 to less than 1, default 0.5.',
  });
});

test.each([
  [`${HEAD}  - prune: { method: magnitude, | }\n`, ['sparsity', 'scope']],
  [
    `${HEAD}  - prune: { method: magnitude }\n    exclude: { layers: [|] }\n`,
    ['layer1.**', 'layer1.0.**', 'fc.weight', 'layer3.1.conv2.weight'],
  ],
])('completion at %s offers what may stand there', async (marked, some) => {
  const { uri, position } = await open(marked);
  const { items } = await client.request<CompletionList>('textDocument/completion', {
    textDocument: { uri },
    position,
  });
  expect(items.map(({ label }) => label)).toEqual(expect.arrayContaining(some));
});

test('lenses stand above a recipe', async () => {
  const { uri } = await open(`${HEAD}  - prune: magnitude\n`);
  const lenses = await client.request<CodeLens[]>('textDocument/codeLens', { textDocument: { uri } });
  expect(lenses.map(({ command }) => [command?.title, command?.command, command?.arguments])).toEqual([
    ['Preview', 'espalier.previewRecipe', [uri]],
    ['Run', 'espalier.runRecipe', [uri]],
    ['Compare last run', 'espalier.compareLastRun', [uri]],
  ]);
});

test('what only the checkpoint tells is a diagnostic too: a glob that matches nothing, layers that 2:4 does not divide', async () => {
  const { uri, text } = await open(`${HEAD}  - prune: n-m\nexclude: ["layr3.*"]\n`);
  const { diagnostics } = await client.waitFor<PublishDiagnosticsParams>(
    'textDocument/publishDiagnostics',
    (params) => params.uri === uri,
  );
  expect(diagnostics.map(({ code, message }) => [code, message])).toEqual([
    [
      'prune/not-divisible',
      'One layer does not divide by 4, so that 2:4 leaves it alone: conv1.weight (1 input channels).',
    ],
    ['recipe/no-match', 'layr3.* matches no layer of the checkpoint. Did you mean layer3.**?'],
  ]);
  const actions = await client.request<CodeAction[]>('textDocument/codeAction', {
    textDocument: { uri },
    range: diagnostics[0]!.range,
    context: { diagnostics },
  });
  const end = { line: 3, character: 14 };
  expect(text.split('\n')[3]).toHaveLength(end.character);
  expect(actions.map(({ title, edit }) => [title, edit?.changes?.[uri]?.[0]])).toEqual([
    ['Exclude these layers', { range: { start: end, end }, newText: '\n    exclude: ["conv1.weight"]' }],
    ['Replace by "layer3.**"', { range: diagnostics[1]!.range, newText: '"layer3.**"' }],
  ]);
});

test('a recipe whose input is gone says so where it is named', async () => {
  const { uri } = await open('input: models/resnett.safetensors\nsteps:\n  - prune: magnitude\n');
  const { diagnostics } = await client.waitFor<PublishDiagnosticsParams>(
    'textDocument/publishDiagnostics',
    (params) => params.uri === uri,
  );
  expect(diagnostics).toMatchObject([{ code: 'checkpoint/missing', range: { start: { line: 0, character: 7 } } }]);
});

test('a mask that is not there says so where it is named', async () => {
  const { uri } = await open(`${HEAD}  - prune: { method: mask, file: masks.pt }\n`);
  const { diagnostics } = await client.waitFor<PublishDiagnosticsParams>(
    'textDocument/publishDiagnostics',
    (params) => params.uri === uri,
  );
  const range = { start: { line: 3, character: 33 }, end: { line: 3, character: 41 } };
  expect(diagnostics).toMatchObject([
    { code: 'checkpoint/missing', message: expect.stringMatching(/^masks\.pt does not exist/), range },
  ]);
});

test('a hover on a step that quantizes tells sizes before and after', async () => {
  const { uri, position } = await open(`${HEAD}  - quan|tize: { method: post-training }\n`);
  const hover = await client.request<Hover>('textDocument/hover', { textDocument: { uri }, position });
  expect(JSON.stringify(hover.contents)).toMatch(
    /Takes \d+ of \d+ weight tensors, [\d,]+ weights: [\d.]+ [kM]B → [\d.]+ [kM]B/,
  );
});

test('a hover on a glob tells what it matches in the checkpoint', async () => {
  const { uri, position } = await open(`${HEAD}  - prune: magnitude\nexclude: ["layer3.1.c|onv*"]\n`);
  const hover = await client.request<Hover>('textDocument/hover', { textDocument: { uri }, position });
  expect(hover.contents).toMatchObject({
    value: expect.stringMatching(
      /^`layer3\.1\.conv\*` · 2 of 92 tensors of resnet\.safetensors, 115,200 elements\n\n- `layer3\.1\.conv1\.weight`\n- `layer3\.1\.conv2\.weight`$/,
    ),
  });
});

test('a hover on a step tells what it would do', async () => {
  const { uri, position } = await open(`${HEAD}  - pru|ne: { method: magnitude, sparsity: 0.8 }\n`);
  const hover = await client.request<Hover>('textDocument/hover', { textDocument: { uri }, position });
  expect((hover.contents as { value: string }).value).toContain('217,104 of 271,380 weights (80.0 %) would be zero.');
});

const EDITED = `# Prunes
# and repairs.
${HEAD}  - id: thin
    prune: { method: magnitude,sparsity: 0.8 }
    exclude: ["layer3.*.conv?"]
sweep:
  thin.sparsity: [0.5, 0.8]
`;

test('the outline names steps', async () => {
  const { uri } = await open(EDITED);
  const symbols = await client.request<DocumentSymbol[]>('textDocument/documentSymbol', { textDocument: { uri } });
  expect(symbols.map(({ name }) => name)).toEqual(['input', 'output', 'steps', 'sweep']);
  expect(symbols[2]!.children).toMatchObject([
    { name: 'thin', detail: 'prune magnitude', range: { start: { line: 5, character: 4 } } },
  ]);
});

test('steps and comments fold', async () => {
  const { uri } = await open(EDITED);
  const ranges = await client.request<FoldingRange[]>('textDocument/foldingRange', { textDocument: { uri } });
  expect(ranges.map(({ startLine, endLine, kind }) => [startLine, endLine, kind])).toEqual([
    [4, 7, undefined],
    [5, 7, undefined],
    [8, 9, undefined],
    [0, 1, 'comment'],
  ]);
});

test('a recipe is formatted, comments and all; other YAML is not ours', async () => {
  const { uri, text } = await open(EDITED);
  const ask = (of: string) =>
    client.request<TextEdit[] | null>('textDocument/formatting', {
      textDocument: { uri: of },
      options: { tabSize: 2, insertSpaces: true },
    });
  expect(await ask(uri)).toMatchObject([{ newText: text.replace('magnitude,sparsity', 'magnitude, sparsity') }]);
  const other = await client.open(join(folder, 'other.yaml'), 'yaml', 'a:    1\n');
  expect(await ask(other)).toBeNull();
});

test('a step is renamed with what refers to it', async () => {
  const { uri, text, position } = await open(EDITED.replace('thin\n', 'th|in\n'));
  const textDocument = { uri };
  expect(await client.request('textDocument/prepareRename', { textDocument, position })).toMatchObject({
    placeholder: 'thin',
  });
  const { changes } = await client.request<WorkspaceEdit>('textDocument/rename', {
    textDocument,
    position,
    newName: 'slim',
  });
  expect(changes![uri]!.map(({ newText, range }) => [range.start.line, newText])).toEqual([
    [5, 'slim'],
    [9, 'slim.sparsity'],
  ]);
  const refused = client.request('textDocument/rename', { textDocument, position, newName: '1' });
  await expect(refused).rejects.toThrow('A name has letters');
  expect(text).toContain('id: thin');
});

test('globs over layers are highlighted: names and wildcards', async () => {
  const { uri, text } = await open(EDITED);
  const { data } = await client.request<SemanticTokens>('textDocument/semanticTokens/full', { textDocument: { uri } });
  let [line, character] = [0, 0];
  const tokens: string[] = [];
  for (let i = 0; i < data.length; i += 5) {
    character = data[i] === 0 ? character + data[i + 1]! : data[i + 1]!;
    line += data[i]!;
    const written = text.split('\n')[line]!.slice(character, character + data[i + 2]!);
    tokens.push(`${written} ${['variable', 'regexp'][data[i + 3]!]}`);
  }
  expect(tokens).toEqual(['layer3. variable', '* regexp', '.conv variable', '? regexp']);
});

test('an editor that allows it is told that these features are for recipes and budgets alone', async () => {
  const names = ['documentSymbol', 'foldingRange', 'formatting', 'rename', 'semanticTokens'];
  const textDocument = Object.fromEntries(names.map((name) => [name, { dynamicRegistration: true }]));
  const other = await TestClient.start({ folders: [folder], capabilities: { textDocument } });
  try {
    const { capabilities } = other.initialized;
    expect(capabilities).not.toHaveProperty('documentFormattingProvider');
    for (const name of names) {
      const { registrations } = await other.waitFor<{
        registrations: { method: string; registerOptions: { documentSelector: { pattern: string }[] } }[];
      }>('client/registerCapability', (params) => params.registrations[0]!.method === `textDocument/${name}`);
      expect(registrations[0]!.registerOptions.documentSelector.map(({ pattern }) => pattern)).toEqual([
        '**/*.espalier.{yaml,yml}',
        '**/espalier.budget.{yaml,yml}',
      ]);
    }
  } finally {
    await other.stop();
  }
});

test('a recipe of SparseML becomes one of ours in a new file, where the editor can create one', async () => {
  const workspace = { workspaceEdit: { documentChanges: true, resourceOperations: ['create'] } };
  const other = await TestClient.start({ folders: [folder], capabilities: { workspace } });
  try {
    const ask = async (name: string, text: string): Promise<CodeAction[]> => {
      const uri = await other.open(join(folder, name), 'yaml', text);
      const start = { line: 0, character: 0 };
      const asked = { textDocument: { uri }, range: { start, end: start }, context: { diagnostics: [] } };
      return await other.request<CodeAction[]>('textDocument/codeAction', asked);
    };
    const text = 'pruning_modifiers:\n  - !GMPruningModifier\n    params: __ALL_PRUNABLE__\n    final_sparsity: 0.8\n';
    const [action] = await ask('sparse.yaml', text);
    expect(action!.title).toBe('Translate to an Espalier recipe');
    expect(action!.edit?.documentChanges).toMatchObject([
      { kind: 'create', uri: expect.stringMatching(/\/sparse\.espalier\.yaml$/) },
      { edits: [{ newText: expect.stringContaining('method: magnitude\n      sparsity: 0.8') }] },
    ]);
    expect(await ask('other.yaml', 'modifiers: [a]\n')).toEqual([]);
  } finally {
    await other.stop();
  }
});
