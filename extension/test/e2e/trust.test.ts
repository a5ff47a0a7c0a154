import { cpSync, mkdirSync, renameSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { quickOpen, runCommand } from '../../../scripts/vscode/window.mjs';
import { type Editor, explainFailures, PATIENCE_MS, startEditor } from './editor.js';
import { inspector, textOf } from './inspectorPage.js';
import { explorerMenu, statusTexts } from './workbench.js';

const FILE = 'resnet-tiny-80.safetensors';
const SHARD = 'model-00002-of-00003.safetensors';
const soon = { timeout: PATIENCE_MS };
let editor: Editor;
beforeAll(async () => {
  editor = await startEditor({
    trust: false,
    // One shard is a link to a file outside of the workspace, as a strange repository might hold.
    prepare: (folder) => {
      const model = join(folder, 'models/linked-llama');
      cpSync(join(folder, 'models/tiny-llama'), model, { recursive: true });
      const outside = join(dirname(folder), 'outside');
      mkdirSync(outside);
      renameSync(join(model, SHARD), join(outside, SHARD));
      symlinkSync(join(outside, SHARD), join(model, SHARD));
    },
  });
});
afterAll(() => editor?.stop());
explainFailures(() => editor);

test('checkpoints are read in a workspace that is not trusted', async () => {
  await quickOpen(editor.page, FILE);
  await expect.poll(() => statusTexts(editor.page), soon).toContainEqual(expect.stringContaining('Restricted Mode'));
  const page = await inspector(editor.page, FILE);
  await expect
    .poll(() => page.facts(), soon)
    .toMatch(/274,205 ?parameters 1\.10 ?MB 71\.8 ?% zeros of prunable .*exact/);
});

test('Git is not asked there', async () => {
  const labels = (await explorerMenu(editor.page, FILE)).join('\n');
  expect(labels).toContain('Select Checkpoint for Compare');
  expect(labels).not.toContain('Git HEAD');
});

test('a link that leaves the workspace is followed once it is trusted', async () => {
  const { page } = editor;
  await quickOpen(page, 'linked-llama/model.safetensors.index.json');
  const opened = await inspector(page, 'model.safetensors.index.json');
  await expect.poll(() => opened.facts(), soon).toMatch(/^\d+ ?tensors 14,432 ?parameters .* 1 ?finding$/);
  expect(await textOf(opened.frame.locator('#findings'))).toContain('is a link to a place outside of the workspace');
  await runCommand(page, 'Workspaces: Manage Workspace Trust');
  await page.getByRole('button', { name: 'Trust', exact: true }).click();
  await expect.poll(() => statusTexts(page), soon).not.toContainEqual(expect.stringContaining('Restricted Mode'));
  // The page reads again by itself.
  await quickOpen(page, 'linked-llama/model.safetensors.index.json');
  await expect.poll(() => opened.facts(), soon).toMatch(/^21 ?tensors 19,616 ?parameters 39\.2 ?kB .*exact$/);
});
