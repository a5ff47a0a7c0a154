import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { quickOpen, runCommand, webviewFrame } from '../../../scripts/vscode/window.mjs';
import { type Comparison, comparison } from './comparePage.js';
import { type Editor, explainFailures, PATIENCE_MS, startEditor } from './editor.js';
import { textOf } from './inspectorPage.js';
import { tensorOf } from './safetensors.js';
import { chooseInExplorer, explorerItem, explorerMenu, pick, reloadWindow } from './workbench.js';

const DENSE = 'resnet-tiny.safetensors';
const PRUNED = 'resnet-tiny-80.safetensors';
const TUNED = 'resnet-tiny-80-tuned.safetensors';
const LAYER = 'layer3.1.conv1.weight';
const soon = { timeout: PATIENCE_MS };
let editor: Editor;
let compared: Comparison;
beforeAll(async () => {
  editor = await startEditor({
    prepare: (folder) => {
      git(folder, 'init', '--quiet');
      git(folder, 'add', '--all');
      git(
        folder,
        '-c',
        'user.name=Test',
        '-c',
        'user.email=test@localhost',
        'commit',
        '--quiet',
        '--message',
        'Models',
      );
    },
  });
});
afterAll(() => editor?.stop());
explainFailures(() => editor);

const git = (folder: string, ...args: string[]) => execFileSync('git', args, { cwd: folder, stdio: 'pipe' });

test('compares the file selected in the explorer with another', async () => {
  const { page } = editor;
  await quickOpen(page, DENSE);
  // Nothing is selected yet, so there is nothing to compare with.
  expect(await explorerMenu(page, PRUNED)).not.toContain('Compare Checkpoint with Selected');
  await chooseInExplorer(page, DENSE, 'Select Checkpoint for Compare');
  await page.getByText(`${DENSE} is selected for compare`).first().waitFor();
  await chooseInExplorer(page, PRUNED, 'Compare Checkpoint with Selected');
  compared = await comparison(page, DENSE, PRUNED);
  await expect.poll(() => compared.structure(), soon).toContain('The same 92 names, types and shapes.');
  await expect.poll(() => compared.count('Changed'), soon).toBe(14);
  await expect.poll(() => compared.cell(LAYER, 'pair'), soon).toBe('0 93.6');
  await page.locator('.tabs-container .tab', { hasText: `${DENSE} ↔ ${PRUNED}` }).waitFor();
});

test('shows a layer before, after, and the difference', async () => {
  await compared.row(LAYER).click();
  await compared.heatmaps.first().focus();
  await compared.heatmaps.first().press('0');
  for (let i = 0; i < 12; i++) await compared.heatmaps.first().press('+');
  await expect.poll(() => compared.heatmaps.first().getAttribute('aria-label'), soon).toMatch(/\d\d px per value/);
  await expect.poll(() => compared.readOut(), soon).toMatch(/^\[\d+, \d+, \d+, \d+\] = /);
});

test('the differences can be saved', async () => {
  const { page } = editor;
  // What is offered is taken.
  const target = join(editor.folder, 'models', `${PRUNED}.compared.md`);
  await compared.frame.getByRole('button', { name: 'Export' }).click();
  await compared.frame.getByRole('menuitem', { name: /Markdown/ }).click();
  const input = page.locator('.quick-input-widget .quick-input-filter input');
  await expect.poll(() => input.inputValue(), soon).toBe(target);
  await expect
    .poll(async () => {
      // The dialog hears keys only after it has listed the folder.
      if (await input.isVisible()) await input.press('Enter');
      return existsSync(target);
    }, soon)
    .toBe(true);
  const text = readFileSync(target, 'utf8');
  expect(text).toContain(`## ${DENSE} → ${PRUNED}`);
  const [before, after] = [DENSE, PRUNED].map((name) => tensorOf(join(editor.folder, 'models', name), LAYER).values);
  const changed = after!.filter((value, i) => value !== before![i]).length;
  expect(changed).toBeGreaterThan(50_000);
  expect(text).toContain(`| ${LAYER} | ${changed.toLocaleString('en-US')} | `);
});

test('compares a file with its version at Git HEAD', async () => {
  const { page } = editor;
  const models = join(editor.folder, 'models');
  await expect.poll(() => explorerMenu(page, PRUNED), soon).toContain('Compare Checkpoint with Git HEAD');
  copyFileSync(join(models, TUNED), join(models, PRUNED));
  await expect.poll(() => compared.notice(), soon).toMatch(new RegExp(`^${PRUNED} changed on disk at .* Reload$`));
  await chooseInExplorer(page, PRUNED, 'Compare Checkpoint with Git HEAD');
  const withHead = await comparison(page, `${PRUNED} (HEAD)`, PRUNED);
  await expect.poll(() => withHead.count('Changed'), soon).toBe(16);
  // The zeros were held while the file was tuned.
  await expect.poll(() => withHead.cell(LAYER, 'pair'), soon).toBe('93.6 93.6');
});

test('the list of changes shows both versions beside each other', async () => {
  const { page } = editor;
  await page.keyboard.press('Control+Shift+G');
  await page.locator('.scm-view .monaco-list-row .label-name').getByText(PRUNED, { exact: true }).click();
  const before = await webviewFrame(page, `espalier-checkpoint h1:text-is("${PRUNED} (index)")`);
  await expect.poll(() => textOf(before.locator('header .facts')), soon).toMatch(/71\.8 ?% zeros of prunable .*exact/);
  await page.keyboard.press('ControlOrMeta+Shift+E');
});

test('three files show the trend of each layer', async () => {
  const { page } = editor;
  // A click opens the file, and an opened file becomes the selection of the explorer.
  await explorerItem(page, TUNED).click();
  await page.locator(`.tab.active[data-resource-name="${TUNED}"]`).waitFor();
  for (const name of [PRUNED, DENSE]) {
    await explorerItem(page, name).click({ modifiers: ['ControlOrMeta'] });
    await expect.poll(() => explorerItem(page, name).getAttribute('aria-selected'), soon).toBe('true');
  }
  await page.locator('.explorer-folders-view .monaco-list-row[aria-selected="true"]').nth(2).waitFor();
  await chooseInExplorer(page, DENSE, 'Compare Selected Checkpoints');
  const frame = await webviewFrame(page, 'h1:text-is("3 checkpoints")');
  await page.locator('.tab.active', { hasText: `${DENSE} ↔ ${PRUNED} ↔ ${TUNED}` }).waitFor();
  await expect
    .poll(() => textOf(frame.locator(`.row[data-key="layer3.1.conv1"], .row[data-key="${LAYER}"]`)), soon)
    .toMatch(/93\.6/);
});

test('a comparison by command asks for both files', async () => {
  const { page } = editor;
  await runCommand(page, 'Espalier: Compare Checkpoints…');
  await pick(page, 'digits.h5');
  await pick(page, 'digits-int8.tflite');
  const frame = await webviewFrame(page, 'h1:text-is("digits.h5 → digits-int8.tflite")');
  await expect.poll(() => textOf(frame.locator('.structure')), soon).toMatch(/added|renamed|removed/);
});

test('a comparison comes back after a reload of the window', async () => {
  const { page } = editor;
  await reloadWindow(page);
  const again = await comparison(page, 'digits.h5', 'digits-int8.tflite');
  await expect.poll(() => again.structure(), soon).toMatch(/added|renamed|removed/);
});
