import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { quickOpen } from '../../../scripts/vscode/window.mjs';
import { type Editor, explainFailures, PATIENCE_MS, startEditor } from './editor.js';
import { type Inspector, inspector } from './inspectorPage.js';
import { tensorOf } from './safetensors.js';
import { reloadWindow, tabs } from './workbench.js';

const FILE = 'resnet-tiny-80.safetensors';
const LAYER = 'layer3.0.conv2.weight';
const soon = { timeout: PATIENCE_MS };
let editor: Editor;
let page: Inspector;
beforeAll(async () => {
  editor = await startEditor();
});
afterAll(() => editor?.stop());
explainFailures(() => editor);

test('opens a checkpoint: the table is there and fills with exact figures', async () => {
  await quickOpen(editor.page, FILE);
  page = await inspector(editor.page, FILE);
  await expect
    .poll(() => page.facts(), soon)
    .toMatch(/274,205 ?parameters 1\.10 ?MB 71\.8 ?% zeros of prunable .*exact/);
  await page.filter('layer3.1.conv1.weight');
  await expect.poll(() => page.names(), soon).toEqual(['layer3.1.conv1.weight']);
  expect(await page.cell('layer3.1.conv1.weight', 'shape')).toBe('80×80×3×3');
  expect(await page.cell('layer3.1.conv1.weight', 'zeros')).toBe('93.6');
  expect(await page.cell('layer3.1.conv1.weight', 'dead')).toBe('8');
});

test('filters by name and pattern', async () => {
  await page.filter('2:4');
  await expect.poll(() => page.names(), soon).toEqual(['layer2.1.conv2.weight', 'layer3.1.conv2.weight']);
  expect(await page.cell('layer2.1.conv2.weight', 'pattern')).toBe('2:4');
  expect(await page.cell('layer3.1.conv2.weight', 'pattern')).toMatch(/^2:4 9\d %$/);
  await page.filter('no such layer');
  await page.frame.getByText('No tensor matches “no such layer”.').waitFor();
  await page.press('Clear Filter');
  await expect.poll(async () => (await page.names()).length, soon).toBeGreaterThan(10);
});

test('sorts by the share of zeros', async () => {
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
  await page.row(LAYER).click();
  await page.heatmap.focus();
  await page.heatmap.press('0');
  await expect.poll(() => page.heatmap.getAttribute('aria-label'), soon).toMatch(/1 px = \d+ × \d+ values/);
  await expect.poll(async () => (await page.readOut())?.index, soon).toEqual([0, 0, 0, 0]);
  for (let i = 0; i < 12; i++) await page.heatmap.press('+');
  await expect.poll(() => page.heatmap.getAttribute('aria-label'), soon).toMatch(/\d\d px per value/);

  const { shape, values } = tensorOf(join(editor.folder, 'models', FILE), LAYER);
  expect(shape).toEqual([80, 80, 3, 3]);
  const at = values.findIndex((value) => value !== 0);
  // It is in the first output channel: columns of the matrix are input channels, each three values wide.
  expect(at).toBeLessThan(720);
  const [input, row, column] = [Math.floor(at / 9), Math.floor(at / 3) % 3, at % 3];
  for (let i = 0; i < input; i++) await page.heatmap.press('Shift+ArrowRight');
  for (let i = 0; i < row; i++) await page.heatmap.press('ArrowDown');
  for (let i = 0; i < column; i++) await page.heatmap.press('ArrowRight');
  await expect.poll(async () => (await page.readOut())?.index, soon).toEqual([0, input, row, column]);
  // The page writes three significant digits.
  expect((await page.readOut())!.value).toBe(Number(values[at]!.toPrecision(3)));
});

test('says when the file changed on disk, and reads it anew', async () => {
  const models = join(editor.folder, 'models');
  copyFileSync(join(models, 'resnet-tiny.safetensors'), join(models, FILE));
  await expect.poll(() => page.notice(), soon).toMatch(/^The file changed on disk at \d\d:\d\d\..* Reload$/);
  expect(await page.facts()).toMatch(/71\.8 ?% zeros of prunable/);
  await page.press('Reload');
  await expect.poll(() => page.facts(), soon).toMatch(/ 0 ?% zeros of prunable .*exact/);
  expect(await page.notice()).toBe('');
});

test('comes back after a reload of the window, as it was left', async () => {
  await page.filter('layer3 conv2');
  await expect.poll(() => page.names(), soon).toEqual(['layer3.0.conv2.weight', 'layer3.1.conv2.weight']);
  await reloadWindow(editor.page);
  page = await inspector(editor.page, FILE);
  await expect.poll(() => page.names(), soon).toEqual(['layer3.0.conv2.weight', 'layer3.1.conv2.weight']);
  await expect.poll(() => page.facts(), soon).toMatch(/exact/);
  expect(await tabs(editor.page)).toEqual([FILE]);
});
