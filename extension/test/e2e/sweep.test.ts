import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { quickOpen, runCommand, screenshot, webviewFrame } from '../../../scripts/vscode/window.mjs';
import { editorText, goTo, openFixes } from './codeEditor.js';
import { type Editor, explainFailures, PATIENCE_MS, startEditor } from './editor.js';
import { textOf } from './inspectorPage.js';
import { pick } from './workbench.js';

const soon = { timeout: PATIENCE_MS };
const SWEEP = `input: models/resnet-tiny.safetensors
steps:
  - prune: magnitude
output: out/tiny.safetensors
sweep: { method: [magnitude, random], sparsity: [0.5, 0.9] }
`;
let editor: Editor;
beforeAll(async () => {
  editor = await startEditor({
    prepare: (folder) => {
      writeFileSync(join(folder, 'tiny.espalier.yaml'), SWEEP);
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

test('the light bulb offers re-grouping, with what it would do', async () => {
  const { page, folder } = editor;
  await quickOpen(page, 'load.py');
  await goTo(page, 'models/resnet-tiny.safetensors');
  await expect.poll(() => openFixes(page), soon).toContain('Re-group…');
  await page.locator('.action-widget .monaco-list-row.action', { hasText: /^Re-group…$/ }).click();
  await pick(page, '50 %');
  await expect.poll(() => editorText(page), soon).toContain('structure: { method: regroup }');
  const preview = await webviewFrame(page, 'espalier-report .report');
  await expect
    .poll(() => textOf(preview.locator('#risks')), soon)
    .toMatch(/layer3\.1\.conv2\.weight: \d blocks of \d+ to \d+ channels\. Density 0\.\d+ → 0\.\d+;/);
  await look('regroup');
  expect(existsSync(join(folder, 'models/resnet-tiny-regrouped.safetensors'))).toBe(false);
});

test('a recipe with a sweep runs as one job, and its points are compared on a page', async () => {
  const { page, folder } = editor;
  await quickOpen(page, 'tiny.espalier.yaml');
  await expect.poll(() => editorText(page), soon).toContain('sweep:');
  await runCommand(page, 'Espalier: Run Recipe');
  const done = page.locator('.notification-toast', { hasText: '4 of 4 points; 50.0 to 90.0 % of the weights zero' });
  await done.waitFor({ timeout: 2 * PATIENCE_MS });
  expect(JSON.parse(readFileSync(join(folder, 'out/tiny.sweep/sweep.json'), 'utf8')).points).toHaveLength(4);
  await done.getByRole('button', { name: 'Open Report' }).click();
  const sweep = await webviewFrame(page, 'espalier-sweep .verdict');
  await expect.poll(() => sweep.locator('#points tbody tr').count(), soon).toBe(4);
  expect(await textOf(sweep.locator('#points tbody tr').first())).toMatch(
    /^magnitude model magnitude 0\.5 50\.0 93\.7 /,
  );
  await sweep.locator('espalier-sweep-chart canvas').waitFor();
  await look('sweep');
  // From a point to its report.
  await sweep.getByRole('button', { name: 'Report of magnitude model, method magnitude, sparsity 0.9' }).click();
  const report = await webviewFrame(page, 'espalier-report .verdict');
  await expect.poll(() => textOf(report.locator('.verdict')), soon).toMatch(/^90\.0 % of 271,380 weights are zero/);
});
