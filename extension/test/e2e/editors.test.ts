import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { quickOpen, runCommand } from '../../../scripts/vscode/window.mjs';
import { editorText } from './codeEditor.js';
import { type Editor, explainFailures, extensionLog, PATIENCE_MS, startEditor } from './editor.js';
import { inspector, textOf } from './inspectorPage.js';
import { chooseInExplorer, diagnostics, explorerMenu, openWorkspace, pick } from './workbench.js';

const FIXTURES = fileURLToPath(new URL('../../../fixtures/checkpoints/', import.meta.url));
const soon = { timeout: PATIENCE_MS };
let editor: Editor;
beforeAll(async () => {
  editor = await startEditor({
    prepare: (folder) => copyFileSync(join(FIXTURES, 'npz/compressed.npz'), join(folder, 'models/weights.npz')),
  });
});
afterAll(() => editor?.stop());
explainFailures(() => editor);

test('JSON opens as text; the inspector is offered', async () => {
  const { page } = editor;
  await quickOpen(page, 'model.json');
  await expect.poll(() => editorText(page), soon).toContain('modelTopology');
  await runCommand(page, 'View: Reopen Editor With...');
  await pick(page, 'Espalier Inspector');
  const opened = await inspector(page, 'model.json');
  await expect.poll(() => opened.facts(), soon).toMatch(/parameters .*exact/);
});

test('npz is no default either; the explorer inspects it', async () => {
  const { page } = editor;
  await quickOpen(page, 'weights.npz');
  await page.getByText('The file is not displayed in the text editor because it is either binary').waitFor();
  await chooseInExplorer(page, 'weights.npz', 'Inspect Checkpoint…');
  const opened = await inspector(page, 'weights.npz');
  await expect.poll(() => opened.facts(), soon).toMatch(/parameters/);
});

test('a folder of a Hugging Face model is one checkpoint', async () => {
  const { page } = editor;
  await chooseInExplorer(page, 'tiny-llama', 'Inspect Checkpoint…');
  const opened = await inspector(page, 'tiny-llama');
  await expect.poll(() => opened.facts(), soon).toMatch(/^21 ?tensors 19,616 ?parameters 39\.2 ?kB .*exact/);
});

test('files that are no checkpoints have no menu entries', async () => {
  const labels = await explorerMenu(editor.page, 'train.py');
  expect(labels.join('\n')).not.toMatch(/Checkpoint/);
  expect((await explorerMenu(editor.page, 'resnet-tiny-80.onnx')).join('\n')).toMatch(/Select Checkpoint for Compare/);
});

test('what cannot be read says where and why', async () => {
  const { page } = editor;
  copyFileSync(join(editor.folder, 'README.md'), join(editor.folder, 'models/broken.safetensors'));
  await quickOpen(page, 'broken.safetensors');
  const opened = await inspector(page, 'broken.safetensors');
  await opened.frame.getByRole('button', { name: 'Try Again' }).waitFor();
  const text = await textOf(opened.frame.locator('main'));
  expect(text).toMatch(/broken\.safetensors/);
  expect(text).toMatch(/At byte/);
});

test('activation takes a few milliseconds', () => {
  const took = Number(/Activated in ([\d.]+) ms/.exec(extensionLog(editor))?.[1]);
  expect(took).toBeLessThan(100);
});

test('the log says what started, and every message when asked to trace', async () => {
  const { page, server } = editor;
  await runCommand(page, 'Espalier: Show Log');
  await page.locator('.part.panel .view-lines').getByText('is ready').waitFor();
  await expect
    .poll(() => extensionLog(editor), soon)
    .toMatch(/Espalier \d+\.\d+\.\d+ is ready: 1 folders, \d+ reading threads\./);
  expect(extensionLog(editor)).not.toContain("Sending request 'textDocument/");
  server.changeSettings({ 'espalier.trace.server': 'messages' });
  await quickOpen(page, 'train.py');
  await expect.poll(() => extensionLog(editor), soon).toMatch(/Sending (?:request|notification) 'textDocument\//);
  server.changeSettings({ 'espalier.trace.server': 'off' });
});

test('diagnostics tell versions, states and settings, and nothing of the checkpoints', async () => {
  const text = await diagnostics(editor.page);
  expect(text).toMatch(/^Espalier \d+\.\d+\.\d+, VS Code 1\.\d+\.\d+, linux .*Node v?\d+/);
  expect(text).toMatch(/^language server: running, process \d+, ended unexpectedly 0 times$/m);
  expect(text).toMatch(/^workspace: 1 folders \(.*\), trusted, remote: /m);
  expect(text).toMatch(/^settings: \{.*"scan":/m);
  expect(text).not.toMatch(/layer\d|conv\d|resnet|llama|\.safetensors|\.onnx|\.tflite/);
  expect(text.split('\n').length).toBeLessThan(10);
});

test('in a workspace of several folders, paths are those of the own folder, then of the others', async () => {
  const { page, server, folder } = editor;
  const [around, models] = [dirname(folder), join(dirname(folder), 'second/models')];
  mkdirSync(models, { recursive: true });
  copyFileSync(join(folder, 'models/resnet-tiny-80-half.pt'), join(models, 'own.pt'));
  const lines = ['own.pt', 'resnet-tiny-80-half.pt', 'nowhere.pt'].map((name) => `torch.load("models/${name}")`);
  writeFileSync(join(around, 'second/use.py'), ['import torch', ...lines, ''].join('\n'));
  const file = join(around, 'two.code-workspace');
  writeFileSync(
    file,
    JSON.stringify({
      folders: [{ path: 'digits' }, { path: 'second' }],
      settings: { 'espalier.scan.automatic': false },
    }),
  );
  await openWorkspace(page, server.url.replace(/\?.*$/, `?workspace=${encodeURIComponent(file)}`), 'second');
  await quickOpen(page, 'use.py');
  await expect
    .poll(() => editorText(page), soon)
    // What is known of the values from earlier is told as well.
    .toMatch(/own\.pt" ?274 k\) .*-half\.pt" ?274 k(, 72 % sparse)?\) torch\.load\("models\/nowhere\.pt"\)/);
  expect(await page.locator('[id="status.problems"] a').getAttribute('aria-label')).toBe('Warnings: 1');
});

test('without automatic scans, values are read when asked for', async () => {
  const { page } = editor;
  await quickOpen(page, 'digits-int8.tflite');
  const opened = await inspector(page, 'digits-int8.tflite');
  await expect.poll(() => opened.notice(), soon).toBe('The values have not been read. Read Values');
  await opened.press('Read Values');
  await expect.poll(() => opened.facts(), soon).toMatch(/59\.2 ?% zeros of prunable .*exact/);
});

test('a file outside of the workspace is watched while it is open', async () => {
  const { page, folder } = editor;
  const outside = join(dirname(folder), 'outside.safetensors');
  copyFileSync(join(folder, 'models/resnet-tiny.safetensors'), outside);
  await runCommand(page, 'File: Open File...');
  const input = page.locator('.quick-input-widget .quick-input-filter input');
  // The dialog writes the folder it begins with, and then that of the active editor: only then it listens.
  let before = '';
  const settled = async (): Promise<boolean> => {
    const now = await input.inputValue();
    const same = now !== '' && now === before;
    before = now;
    return same;
  };
  await expect.poll(settled, { ...soon, interval: 1_000 }).toBe(true);
  await input.fill(outside);
  await page.locator('.quick-input-list .monaco-list-row', { hasText: 'outside.safetensors' }).first().waitFor();
  await page.keyboard.press('Enter');
  const opened = await inspector(page, 'outside.safetensors');
  await expect.poll(() => opened.facts(), soon).toMatch(/274,205 ?parameters/);
  copyFileSync(join(folder, 'models/resnet-tiny-80.safetensors'), outside);
  await expect.poll(() => opened.notice(), soon).toMatch(/^The file changed on disk at .* Reload$/);
});
