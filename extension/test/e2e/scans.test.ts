import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { quickOpen } from '../../../scripts/vscode/window.mjs';
import { type Editor, explainFailures, extensionLog, PATIENCE_MS, startEditor } from './editor.js';
import { type Inspector, inspector } from './inspectorPage.js';
import { writeSparse } from './safetensors.js';
import { diagnostics, statusTexts } from './workbench.js';

/** Takes minutes to read and no room on disk. */
const FILE = 'huge.safetensors';
const TENSORS = 40;
const BYTES_EACH = 4 * 2 ** 30;
const soon = { timeout: PATIENCE_MS };
let editor: Editor;
let page: Inspector;
beforeAll(async () => {
  editor = await startEditor({
    prepare: (folder) => writeSparse(join(folder, 'models', FILE), TENSORS, BYTES_EACH),
  });
});
afterAll(() => editor?.stop());
explainFailures(() => editor);

const reading = /^Reading values: \d+ of 40 tensors, [\d.]+ GB of 172 GB/;

test('reads a sample of a file above the limit, and all of it when asked', async () => {
  await quickOpen(editor.page, FILE);
  page = await inspector(editor.page, FILE);
  await expect.poll(() => page.facts(), soon).toMatch(/42\.9 ?B parameters 172 ?GB/);
  await expect.poll(() => page.notice(), soon).toMatch(/these figures come from a sample\. Scan Fully$/);
  await page.press('Scan Fully');
  await expect.poll(() => page.notice(), soon).toMatch(reading);
  await expect.poll(() => statusTexts(editor.page), soon).toContain(`Reading ${FILE}`);
});

test('stops at once when cancelled, keeps what it has, and goes on', async () => {
  const began = performance.now();
  await page.press('Cancel');
  await expect.poll(() => page.notice(), soon).toMatch(/^Stopped after \d+ of 40 tensors\. Continue$/);
  await expect.poll(() => statusTexts(editor.page), soon).not.toContain(`Reading ${FILE}`);
  // The server stops within 200 ms, which its own tests measure; here are a window and two processes between.
  expect(performance.now() - began).toBeLessThan(5000);
  await page.press('Continue');
  await expect.poll(() => page.notice(), soon).toMatch(reading);
});

test('the status item stops every scan', async () => {
  const item = editor.page.locator('.statusbar-item', { hasText: `Reading ${FILE}` });
  await item.click();
  await expect.poll(() => page.notice(), soon).toMatch(/^Stopped after \d+ of 40 tensors\. Continue$/);
  await expect.poll(() => item.count(), soon).toBe(0);
  await page.press('Continue');
  await expect.poll(() => page.notice(), soon).toMatch(reading);
});

test('a server that is killed is started again, and the scan goes on', async () => {
  const before = await diagnostics(editor.page);
  expect(before).toMatch(/^Espalier \d+\.\d+\.\d+, VS Code 1\.\d+\.\d+, /);
  expect(before).not.toContain(FILE);
  const killed = serverProcess(before);
  process.kill(killed, 'SIGKILL');
  await editor.page.getByText('The Espalier language server was started again').waitFor();
  expect(serverProcess(await diagnostics(editor.page))).not.toBe(killed);
  await expect.poll(() => page.notice(), soon).toMatch(reading);
  await expect.poll(() => statusTexts(editor.page), soon).toContain(`Reading ${FILE}`);
  expect(extensionLog(editor)).toMatch(/checkpoint\/scan: the server ended; the question is asked again/);
  await page.press('Cancel');
  // A picture that nobody has drawn yet comes from the new server.
  await page.row('layers.3.weight').click();
  await expect.poll(async () => (await page.readOut())?.value, soon).toBe(0);
});

test('a server that ends again and again is started again only when asked', async () => {
  const message = editor.page.locator('.notification-toast', { hasText: 'times in three minutes' });
  for (let kills = 0; (await message.count()) === 0; kills++) {
    expect(kills).toBeLessThan(8);
    const text = await diagnostics(editor.page);
    const running = serverProcess(text);
    // A server that is just being started has no process to kill.
    if (Number.isNaN(running)) continue;
    process.kill(running, 'SIGKILL');
    await expect
      .poll(async () => (await message.count()) > 0 || serverProcess(await diagnostics(editor.page)) !== running, soon)
      .toBe(true);
  }
  await expect.poll(() => diagnostics(editor.page), soon).toContain('language server: not running');
  await message.getByRole('button', { name: 'Restart' }).click();
  await expect.poll(async () => serverProcess(await diagnostics(editor.page)), soon).toBeGreaterThan(0);
  await page.press('Continue');
  await expect.poll(() => page.notice(), soon).toMatch(reading);
});

const serverProcess = (text: string): number => Number(/running, process (\d+)/.exec(text)?.[1]);
