import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Frame } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { quickOpen, webviewFrame } from '../../../scripts/vscode/window.mjs';
import { editorText, goTo, openFixes } from './codeEditor.js';
import { type Editor, explainFailures, PATIENCE_MS, startEditor } from './editor.js';
import { textOf } from './inspectorPage.js';
import { pick } from './workbench.js';

const soon = { timeout: PATIENCE_MS };
const OUTPUT = 'models/resnet-tiny-int8.safetensors';
let editor: Editor;
let preview: Frame;
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

test('the light bulb leads to a recipe that quantizes, with what each layer would lose', async () => {
  const { page } = editor;
  await quickOpen(page, 'load.py');
  await goTo(page, 'models/resnet-tiny.safetensors');
  await expect.poll(() => openFixes(page), soon).toContain('Quantize…');
  await page.locator('.action-widget .monaco-list-row.action', { hasText: /^Quantize…$/ }).click();
  await pick(page, '8 bits');
  await expect
    .poll(() => editorText(page), soon)
    .toMatch(/quantize: \{ method: post-training, default: \{ scheme: int8-sym \} \}/);
  expect(await editorText(page)).toContain(`output: ${OUTPUT}`);
  preview = await webviewFrame(page, 'espalier-report .report');
  await expect
    .poll(() => textOf(preview.locator('#quantization')), soon)
    .toMatch(/conv2\s?\.weight int8-sym channel 8\.04 43\.6/);
});

test('run, it writes codes with scales, and the report says how much smaller', async () => {
  const { page, folder } = editor;
  await preview.locator('#run').click();
  const done = page.locator('.notification-toast', { hasText: 'smaller: ' });
  await done.waitFor({ timeout: PATIENCE_MS });
  expect(existsSync(join(folder, OUTPUT))).toBe(true);
  await done.getByRole('button', { name: 'Open Report' }).click();
  const report = await webviewFrame(page, 'espalier-report .verdict');
  await expect
    .poll(() => textOf(report.locator('.verdict')), soon)
    .toMatch(/^4\.0x smaller: 14 tensors with 8 bits a weight;\s+4\d\.\d dB of signal over noise in these/);
});
