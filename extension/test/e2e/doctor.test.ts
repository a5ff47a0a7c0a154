import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCommand, screenshot, webviewFrame } from '../../../scripts/vscode/window.mjs';
import { type Editor, explainFailures, PATIENCE_MS, startEditor } from './editor.js';
import { textOf } from './inspectorPage.js';

const soon = { timeout: PATIENCE_MS };
let editor: Editor;
beforeAll(async () => {
  editor = await startEditor();
});
afterAll(() => editor?.stop());
explainFailures(() => editor);

test('a command tells what this machine and the optional tools are', async () => {
  const { page } = editor;
  await runCommand(page, 'Espalier: Doctor');
  const doctor = await webviewFrame(page, 'espalier-doctor .tool');
  expect(await textOf(doctor.locator('#machine'))).toMatch(
    /Processor .+ Threads \d+ Memory .+ free Kernels WebAssembly SIMD/,
  );
  const tools = await textOf(doctor.locator('#tools'));
  expect(tools).toMatch(/onnxruntime-node (not found|\d+\.\d+\.\d+)/);
  expect(tools).toContain('times whole ONNX models');
  const folder = process.env['ESPALIER_E2E_SHOTS'];
  if (folder !== undefined) await screenshot(page, join(folder, 'doctor.png'));
  // Asked again there is one page, not two.
  await runCommand(page, 'Espalier: Doctor');
  await expect.poll(() => page.locator('.tab', { hasText: 'Espalier Doctor' }).count(), soon).toBe(1);
});
