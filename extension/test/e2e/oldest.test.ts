import { afterAll, beforeAll, expect, test } from 'vitest';
import { OLDEST } from '../../../scripts/vscode/codeServerVersions.mjs';
import { quickOpen } from '../../../scripts/vscode/window.mjs';
import { editorText } from './codeEditor.js';
import { type Editor, explainFailures, PATIENCE_MS, startEditor } from './editor.js';
import { inspector } from './inspectorPage.js';

const FILE = 'resnet-tiny-80.safetensors';
const soon = { timeout: PATIENCE_MS };
let editor: Editor;
beforeAll(async () => {
  editor = await startEditor({ version: OLDEST });
});
afterAll(() => editor?.stop());
explainFailures(() => editor);

test('the oldest VS Code that is promised shows a checkpoint and hints', async () => {
  await quickOpen(editor.page, FILE);
  const page = await inspector(editor.page, FILE);
  await expect
    .poll(() => page.facts(), soon)
    .toMatch(/274,205 ?parameters 1\.10 ?MB 71\.8 ?% zeros of prunable .*exact/);
  await page.filter('layer3.1.conv1.weight');
  await expect.poll(() => page.cell('layer3.1.conv1.weight', 'zeros'), soon).toBe('93.6');
  await quickOpen(editor.page, 'train.py');
  await expect.poll(() => editorText(editor.page), soon).toMatch(/resnet-tiny\.safetensors" ?274 k, 0 % sparse/);
});
