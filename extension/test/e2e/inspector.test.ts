import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { quickOpen } from '../../../scripts/vscode/window.mjs';
import { type Editor, explainFailures, PATIENCE_MS, startEditor } from './editor.js';
import { type Inspector, inspector } from './inspectorPage.js';
import { valueAt } from './safetensors.js';

const FILE = 'resnet-tiny-80.safetensors';
/** Its share of zeros, 92.3 %, is also in the demo's README and in the golden values. */
const LAYER = 'layer3.0.conv2.weight';
let editor: Editor;
let page: Inspector;
beforeAll(async () => {
  editor = await startEditor();
});
afterAll(() => editor?.stop());
explainFailures(() => editor);

const soon = { timeout: PATIENCE_MS };

test('opens a checkpoint: the table is there and fills with exact figures', async () => {
  await quickOpen(editor.page, FILE);
  page = await inspector(editor.page, FILE);
  await expect
    .poll(() => page.facts(), soon)
    .toMatch(/274,205 parameters 1\.10 MB 71\.8 % zeros of prunable .*= exact/);
  await page.frame.locator('#filter').fill('conv1.weight');
  await expect.poll(() => page.names(), soon).toHaveLength(7);
  expect(await page.cell('conv1.weight', 'shape')).toBe('16×1×3×3');
  expect(await page.cell('layer3.1.conv1.weight', 'shape')).toBe('80×80×3×3');
  expect(await page.cell('layer3.1.conv1.weight', 'zeros')).toBe('93.6');
  expect(await page.cell('layer3.1.conv1.weight', 'dead')).toBe('8');
});

test('filters by name and pattern, and sorts', async () => {
  await page.frame.locator('#filter').fill('2:4');
  await expect.poll(() => page.names(), soon).toEqual(['layer2.1.conv2.weight', 'layer3.1.conv2.weight']);
  expect(await page.cell('layer2.1.conv2.weight', 'pattern')).toBe('2:4');
  expect(await page.cell('layer3.1.conv2.weight', 'pattern')).toMatch(/^2:4 9\d %$/);
  await page.frame.locator('#filter').fill('no such layer');
  await page.frame.getByText('No tensor matches “no such layer”.').waitFor();
  await page.press('Clear Filter');
  await page.frame.getByRole('radio', { name: /^Prunable/ }).click();
  await page.frame.locator('espalier-table .table-head button', { hasText: 'Zeros' }).click();
  const zeros = async (): Promise<number[]> =>
    Promise.all((await page.names()).map(async (name) => Number(await page.cell(name, 'zeros'))));
  await expect.poll(async () => (await zeros())[0], soon).toBe(93.6);
  const sorted = await zeros();
  expect(sorted.length).toBeGreaterThan(10);
  expect(sorted).toEqual([...sorted].sort((a, b) => b - a));
});

test('zooms a heat map from the whole tensor to single weights and reads one', async () => {
  await page.open(LAYER);
  const canvas = page.frame.locator('espalier-heatmap canvas');
  await canvas.focus();
  await canvas.press('0');
  await expect.poll(() => canvas.getAttribute('aria-label'), soon).toMatch(/whole tensor|one pixel|values a pixel/i);
  console.log(await canvas.getAttribute('aria-label'), await page.readOut());
  for (let i = 0; i < 12; i++) await canvas.press('+');
  console.log(await canvas.getAttribute('aria-label'), await page.readOut());
});
