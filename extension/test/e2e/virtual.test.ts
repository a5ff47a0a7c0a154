import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { editorText } from './codeEditor.js';
import { type Editor, explainFailures, PATIENCE_MS, startEditor } from './editor.js';
import { inspector } from './inspectorPage.js';
import { chooseInExplorer, diagnostics, explorerItem, openWorkspace } from './workbench.js';

const VSCE = fileURLToPath(new URL('../../../node_modules/@vscode/vsce/vsce', import.meta.url));
const soon = { timeout: PATIENCE_MS };
let editor: Editor;
let packed: string;

/** A workspace on no disk: a file system provider shows the demo under a scheme of its own. */
beforeAll(async () => {
  packed = mkdtempSync(join(tmpdir(), 'espalier-elsewhere-'));
  const vsix = join(packed, 'elsewhere.vsix');
  const folder = fileURLToPath(new URL('elsewhere', import.meta.url));
  const flags = ['--no-dependencies', '--allow-missing-repository', '--skip-license'];
  const made = spawnSync(process.execPath, [VSCE, 'package', ...flags, '--out', vsix], { cwd: folder });
  if (made.status !== 0) throw new Error(`vsce ended with ${made.status}: ${made.stderr}`);
  let demo = '';
  editor = await startEditor({
    extensions: [vsix],
    prepare: (copy) => {
      demo = copy;
    },
    env: () => ({ ESPALIER_TEST_ELSEWHERE: dirname(demo) }),
  });
  const file = join(dirname(editor.folder), 'elsewhere.code-workspace');
  writeFileSync(file, JSON.stringify({ folders: [{ uri: 'elsewhere:/digits' }] }));
  const url = editor.server.url.replace(/\?.*$/, `?workspace=${encodeURIComponent(file)}`);
  await openWorkspace(editor.page, url, 'models');
});
afterAll(async () => {
  await editor?.stop();
  rmSync(packed, { recursive: true, force: true });
});
explainFailures(() => editor);

test('a checkpoint on no disk is copied and inspected', async () => {
  const { page } = editor;
  await explorerItem(page, 'models').click();
  await explorerItem(page, 'resnet-tiny-80.safetensors').dblclick();
  const opened = await inspector(page, 'resnet-tiny-80.safetensors');
  await expect
    .poll(() => opened.facts(), soon)
    .toMatch(/274,205 ?parameters 1\.10 ?MB 71\.8 ?% zeros of prunable .*exact/);
});

test('a folder on no disk says why it is not opened', async () => {
  const { page } = editor;
  await chooseInExplorer(page, 'tiny-llama', 'Inspect Checkpoint…');
  await page.getByText('A folder of a virtual workspace cannot be opened as a checkpoint').first().waitFor(soon);
});

test('code of such a workspace raises no false alarm', async () => {
  const { page } = editor;
  await explorerItem(page, 'train.py').dblclick();
  await expect.poll(() => editorText(page), soon).toContain('torch');
  expect(await page.locator('[id="status.problems"] a').getAttribute('aria-label')).toBe('No Problems');
  expect(await diagnostics(page)).toMatch(/^language server: running, .*ended unexpectedly 0 times$/m);
});
