import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Frame } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { quickOpen, screenshot, webviewFrame } from '../../../scripts/vscode/window.mjs';
import { editorText, goTo, openFixes } from './codeEditor.js';
import { comparison } from './comparePage.js';
import { type Editor, explainFailures, PATIENCE_MS, startEditor } from './editor.js';
import { textOf } from './inspectorPage.js';
import { tensorOf } from './safetensors.js';
import { chooseInSubmenu, pick } from './workbench.js';

const soon = { timeout: PATIENCE_MS };
const RECIPE = 'resnet-tiny-80.espalier.yaml';
const OUTPUT = 'models/resnet-tiny-80-2.safetensors';
let editor: Editor;
let preview: Frame;
let report: Frame;
beforeAll(async () => {
  editor = await startEditor({
    prepare: (folder) => {
      writeFileSync(
        join(folder, 'load.py'),
        'from safetensors.torch import load_file\n\nweights = load_file("models/resnet-tiny.safetensors")\n',
      );
    },
  });
});
afterAll(() => editor?.stop());
explainFailures(() => editor);

/** A picture of what a test came to, where somebody wants to look at it. */
async function look(name: string): Promise<void> {
  const folder = process.env['ESPALIER_E2E_SHOTS'];
  if (folder !== undefined) await screenshot(editor.page, join(folder, `${name}.png`));
}

test('the light bulb on a line that loads a checkpoint leads to a recipe with what it would do', async () => {
  const { page } = editor;
  await quickOpen(page, 'load.py');
  await goTo(page, 'models/resnet-tiny.safetensors');
  await expect.poll(() => openFixes(page), soon).toContain('Prune…');
  await page.locator('.action-widget .monaco-list-row.action', { hasText: /^Prune…$/ }).click();
  await pick(page, '80 %');
  await pick(page, 'All layers together');
  await expect
    .poll(() => editorText(page), soon)
    .toContain('prune: { method: magnitude, sparsity: 0.8, scope: model }');
  preview = await webviewFrame(page, 'espalier-report .report');
  await expect.poll(() => textOf(preview.locator('#changed')), soon).toMatch(/Sparsity, % 0 80\.0/);
  expect(await textOf(preview.locator('#layers'))).toMatch(/80×80×3×3 0 91\.6 32\.2/);
  // Measured and compressed only when asked.
  await preview.locator('#gzip').click();
  await expect.poll(() => textOf(preview.locator('#changed')), soon).toMatch(/gzip -6 1\.0\d 0\.2\d [\d.]+x smaller/);
  await preview.locator('#measure').click();
  await preview.locator('#time table').waitFor({ timeout: PATIENCE_MS });
  expect(await textOf(preview.locator('#changed'))).toMatch(/measured here.* Espalier kernels, .* [\d.]+ [\d.]+/);
  await look('preview');
  // A name that is not taken is proposed.
  expect(await editorText(page)).toContain(`output: ${OUTPUT}`);
});

test('the preview follows the text of the recipe, and says what is wrong with it', async () => {
  const { page } = editor;
  await page.locator('.tab', { hasText: RECIPE }).first().click();
  await goTo(page, 'sparsity: 0.8');
  await page.keyboard.type('sparsity: 80');
  await expect.poll(() => textOf(preview.locator('#problems')), soon).toContain('80 looks like a percentage, 0.8?');
  expect(await preview.locator('#run').isDisabled()).toBe(true);
  await expect.poll(() => page.locator('[id="status.problems"] a').getAttribute('aria-label'), soon).toBe('Errors: 1');
  await look('problems');
  await goTo(page, 'sparsity: 80');
  await page.keyboard.type('sparsity: 0.8');
  await expect.poll(() => preview.locator('#run').isDisabled(), soon).toBe(false);
});

test('the recipe runs in the background and ends in a report', async () => {
  const { page, folder } = editor;
  await preview.locator('#run').click();
  const done = page.locator('.notification-toast', { hasText: '80.0 % of 271,380 weights are zero' });
  await done.waitFor({ timeout: PATIENCE_MS });
  expect(existsSync(join(folder, OUTPUT))).toBe(true);
  const zeros = tensorOf(join(folder, OUTPUT), 'layer3.1.conv2.weight').values.filter((value) => value === 0).length;
  expect(zeros / 57_600).toBeCloseTo(0.916, 2);
  await done.getByRole('button', { name: 'Open Report' }).click();
  report = await webviewFrame(page, 'espalier-report .verdict');
  await expect
    .poll(() => textOf(report.locator('.verdict')), soon)
    .toMatch(/^80\.0 % of 271,380 weights are zero, 0 % were;/);
  expect(await textOf(report.locator('.verdict-facts'))).toContain('Accuracy: not measured: no evaluate command');
  expect(await textOf(report.locator('#provenance'))).toMatch(/SHA-256 [0-9a-f]{64}/);
  await look('report');
});

test('the report shows input and output beside each other', async () => {
  const maps = report.locator('#maps');
  await maps.locator('.read-out .num').first().waitFor({ timeout: PATIENCE_MS });
  await maps.locator('select').selectOption('layer3.1.conv2.weight');
  await expect.poll(() => textOf(maps.locator('.maps-picker')), soon).toMatch(/0 → 91\.6 % zeros/);
  await expect
    .poll(() => textOf(maps.locator('.read-out')), soon)
    .toMatch(/^\[0, 0, 0, 0\] = [^ ]+ → [^ ]+ .* output 0, input 0, kernel row 0, column 0/);
  expect(await maps.locator('.maps-problem').count()).toBe(0);
  await maps.scrollIntoViewIfNeeded();
  await look('maps');
});

test('the view of jobs has it in its history', async () => {
  const { page } = editor;
  await page.locator('.pane-header', { hasText: 'Espalier Jobs' }).click();
  const job = page
    .locator('.pane', { hasText: 'Espalier Jobs' })
    .locator('.monaco-list-row', { hasText: 'resnet-tiny-80-2.safetensors' });
  await expect
    .poll(() => textOf(job.first()), soon)
    .toMatch(/Run resnet-tiny-80 ?resnet-tiny-80-2\.safetensors · [\d.]+ s/);
  await look('jobs');
});

test('the report leads to a comparison of input and output', async () => {
  const { page } = editor;
  await report.getByRole('button', { name: 'Compare', exact: true }).click();
  const compared = await comparison(page, 'resnet-tiny.safetensors', 'resnet-tiny-80-2.safetensors');
  await expect.poll(() => compared.count('Changed'), soon).toBe(16);
});

test('the code names the pruned file when asked to, and undo restores it', async () => {
  const { page, folder } = editor;
  await page.locator('.tab', { hasText: 'Report of resnet-tiny-80-2' }).first().click();
  await (await webviewFrame(page, 'espalier-report .verdict'))
    .getByRole('button', { name: 'Use the Pruned File Here' })
    .click();
  await expect.poll(() => editorText(page), soon).toContain('load_file("models/resnet-tiny-80-2.safetensors"');
  await page.locator('.editor-instance .view-line', { hasText: 'load_file(' }).first().click();
  await page.keyboard.press('ControlOrMeta+Z');
  await expect.poll(() => editorText(page), soon).toContain('load_file("models/resnet-tiny.safetensors"');
  // The editor saves by itself, a while after the last change.
  await expect
    .poll(() => readFileSync(join(folder, 'load.py'), 'utf8'), soon)
    .toContain('"models/resnet-tiny.safetensors"');
});

test('the explorer offers the same', async () => {
  const { page } = editor;
  await quickOpen(page, 'resnet-tiny-80-half.pt');
  await chooseInSubmenu(page, 'resnet-tiny-80-half.pt', 'Espalier', 'Make 2:4');
  await expect.poll(() => editorText(page), soon).toContain('prune: { method: n-m, n: 2, m: 4 }');
});
