import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { quickOpen } from '../../../scripts/vscode/window.mjs';
import { editorText, goTo, hoverAtCursor, hoverText, lineWith, openFixes } from './codeEditor.js';
import { type Editor, explainFailures, PATIENCE_MS, startEditor } from './editor.js';
import { inspector, textOf } from './inspectorPage.js';
import { tabs } from './workbench.js';

const soon = { timeout: PATIENCE_MS };
let editor: Editor;
beforeAll(async () => {
  editor = await startEditor({
    // A notebook in a folder of its own: its paths are those beside it.
    prepare: (folder) => {
      const notebook = readFileSync(join(folder, 'evaluate.ipynb'), 'utf8');
      mkdirSync(join(folder, 'nested'));
      writeFileSync(join(folder, 'nested/inner.ipynb'), notebook.replaceAll('models/', '../models/'));
    },
  });
});
afterAll(() => editor?.stop());
explainFailures(() => editor);

test('hints and lenses stand beside paths', async () => {
  await quickOpen(editor.page, 'compare.py');
  const hint = (path: string, hint: string) =>
    expect.poll(() => editorText(editor.page), soon).toContain(`"${path}"${hint}`);
  await hint('models/resnet-tiny-80.safetensors', '274 k, 72 % sparse');
  await hint('models/resnet-tiny.safetensors', '274 k, 0 % sparse');
  await expect
    .poll(() => textOf(editor.page.locator('.editor-instance .codelens-decoration').first()), soon)
    .toBe('Inspect | Compare with previous | Prune…');
});

test('a hover on a path says what the file is, and leads to the inspector', async () => {
  const { page } = editor;
  await lineWith(page, '"pruned": "models/').getByText('models/resnet-tiny-80.safetensors').hover();
  const text = await hoverText(page);
  expect(text).toMatch(/^resnet-tiny-80\.safetensors · safetensors · 274 k parameters · 1\.1 MB /);
  expect(text).toContain('71.8 % of prunable weights are zero (71.0 % of all) · exact');
  expect(text).toContain('8 dead output channels in layer3.1.conv1');
  await page.locator('.monaco-resizable-hover').getByText('Inspect', { exact: true }).click();
  const opened = await inspector(page, 'resnet-tiny-80.safetensors');
  await expect.poll(() => opened.facts(), soon).toMatch(/71\.8 ?%/);
  expect(await tabs(page)).toEqual(['compare.py', 'resnet-tiny-80.safetensors']);
});

test('a hover on the name of a layer says its shape and sparsity', async () => {
  const { page } = editor;
  await quickOpen(page, 'compare.py');
  await goTo(page, 'layer3.1.conv1.weight');
  const text = await hoverAtCursor(page);
  expect(text).toMatch(/^layer3\.1\.conv1\.weight · F32 · 80×80×3×3 · 57,600 weights/);
  expect(text).toContain('93.6 % zero · 8 dead channels');
  expect(text).toContain('resnet-tiny-80.safetensors');
  await page.keyboard.press('Escape');
});

test('a path that is missing is a problem with a fix', async () => {
  const { page } = editor;
  await goTo(page, 'resnet-tiny-80-tunned');
  const text = await hoverAtCursor(page);
  expect(text).toContain(
    'models/resnet-tiny-80-tunned.safetensors does not exist. Did you mean models/resnet-tiny-80-tuned.safetensors?',
  );
  await page.keyboard.press('Escape');
  const problems = page.locator('[id="status.problems"] a');
  expect(await problems.getAttribute('aria-label')).toBe('Warnings: 1');
  const fixes = await openFixes(page);
  const fix = fixes.find((label) => label.includes('resnet-tiny-80-tuned.safetensors'));
  expect(fix, `no fix among ${fixes.join(', ')}`).toBeDefined();
  await page
    .locator('.action-widget .monaco-list-row.action')
    .filter({ hasText: 'resnet-tiny-80-tuned' })
    .first()
    .click();
  await expect
    .poll(() => editorText(page), soon)
    .toContain('"models/resnet-tiny-80-tuned.safetensors"274 k, 72 % sparse');
  await expect.poll(() => editorText(page), soon).not.toContain('tunned');
  await expect.poll(() => problems.getAttribute('aria-label'), soon).toBe('No Problems');
});

test('half a path is completed, and layers are symbols of the workspace', async () => {
  const { page } = editor;
  await goTo(page, 'model = load(newest)');
  await page.keyboard.press('End');
  await page.keyboard.press('Enter');
  await page.keyboard.type('half = torch.load("models/resnet-tiny-80-h');
  const suggestion = page.locator('.suggest-widget.visible .monaco-list-row').first();
  await suggestion.waitFor();
  expect(await textOf(suggestion)).toContain('resnet-tiny-80-half.pt');
  await page.keyboard.press('Escape');
  await page.keyboard.press('ControlOrMeta+T');
  const input = page.locator('.quick-input-widget .quick-input-filter input');
  await input.waitFor();
  await input.fill('#layer3.1.conv1.weight');
  const row = page.locator('.quick-input-list .monaco-list-row').filter({ hasText: 'layer3.1.conv1.weight' });
  await row.first().waitFor();
  await page.keyboard.press('Escape');
});

test('cells of a notebook have hints and hovers', async () => {
  const { page } = editor;
  await quickOpen(page, 'evaluate.ipynb');
  const cell = page.locator('.notebookOverlay .view-line').filter({ hasText: 'dense = load_file(' });
  await expect
    .poll(() => textOf(cell), soon)
    .toBe('dense = load_file("models/resnet-tiny.safetensors"274 k, 0 % sparse)');
  await cell.getByText('models/resnet-tiny.safetensors').hover();
  expect(await hoverText(page)).toContain('0 % of prunable weights are zero');
});

test('cells of a notebook in a folder find what lies beside it', async () => {
  const { page } = editor;
  await quickOpen(page, 'inner.ipynb');
  const cell = page.locator('.notebookOverlay .view-line').filter({ hasText: '"../models/resnet-tiny.safetensors"' });
  await expect
    .poll(() => textOf(cell), soon)
    .toBe('dense = load_file("../models/resnet-tiny.safetensors"274 k, 0 % sparse)');
});

test('TOML has hints, though VS Code has no such language of its own', async () => {
  await quickOpen(editor.page, 'pyproject.toml');
  await expect
    .poll(() => editorText(editor.page), soon)
    .toContain('"models/resnet-tiny-80.safetensors"274 k, 72 % sparse');
});

test('a change of settings is heard', async () => {
  const { page } = editor;
  await quickOpen(page, 'prune.py');
  await quickOpen(page, 'train.py');
  await expect.poll(() => editorText(page), soon).toMatch(/resnet-tiny\.safetensors"274 k/);
  editor.server.changeSettings({ 'espalier.inlayHints.enabled': false });
  await expect.poll(() => editorText(page), soon).toMatch(/resnet-tiny\.safetensors"\)/);
  editor.server.changeSettings({ 'espalier.inlayHints.enabled': true });
  await expect.poll(() => editorText(page), soon).toMatch(/resnet-tiny\.safetensors"274 k/);
  editor.server.changeSettings({ 'espalier.threads': 1 });
  await page.locator('.notification-toast', { hasText: 'The number of reading threads changes when' }).waitFor();
  await page.getByRole('button', { name: 'Restart', exact: true }).click();
  await page.getByText('The Espalier language server was started again').waitFor();
  await expect.poll(() => editorText(page), soon).toMatch(/resnet-tiny\.safetensors"274 k/);
});
