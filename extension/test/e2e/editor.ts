import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { beforeEach, onTestFailed } from 'vitest';
import { type RunningCodeServer, startCodeServer } from '../../../scripts/vscode/codeServer.mjs';
import { type EditorWindow, openWindow, screenshot } from '../../../scripts/vscode/window.mjs';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const DEMO = join(ROOT, 'fixtures/demo');

/** A real VS Code with the packed extension, open on a copy of the demo workspace. */
export interface Editor {
  readonly server: RunningCodeServer;
  readonly window: EditorWindow;
  readonly page: Page;
  /** The workspace's folder. */
  readonly folder: string;
  stop(): Promise<void>;
}

export interface EditorOptions {
  readonly version?: string;
  readonly settings?: Readonly<Record<string, unknown>>;
  /** False: the workspace opens in Restricted Mode. */
  readonly trust?: boolean;
  /** Changes the copy of the workspace before VS Code sees it. */
  readonly prepare?: (folder: string) => void;
  /** Packed extensions to install beside ours. */
  readonly extensions?: readonly string[];
  /** Variables for VS Code, asked for when the workspace is prepared. */
  readonly env?: () => Record<string, string>;
}

/** Long enough for a machine that does three other things at once; nothing here waits this long when all is well. */
export const PATIENCE_MS = 60_000;

export async function startEditor({
  version,
  settings = {},
  trust = true,
  prepare,
  extensions = [],
  env = () => ({}),
}: EditorOptions = {}): Promise<Editor> {
  const vsix = packedExtension();
  const scratch = realpathSync(mkdtempSync(join(tmpdir(), 'espalier-e2e-')));
  const folder = join(scratch, 'digits');
  cpSync(DEMO, folder, { recursive: true });
  prepare?.(folder);
  const removeScratch = (): void => rmSync(scratch, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  try {
    const server = await startCodeServer({
      workspace: folder,
      vsix: [vsix, ...extensions],
      env: env(),
      trust,
      settings: { 'files.simpleDialog.enable': true, ...settings },
      ...(version === undefined ? {} : { version }),
    });
    try {
      const window = await openWindow({ server, width: 1440, height: 900 });
      await window.page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
      const stop = async (): Promise<void> => {
        await window.close();
        await server.stop();
        removeScratch();
      };
      return { server, window, page: window.page, folder, stop };
    } catch (error) {
      await server.stop();
      throw error;
    }
  } catch (error) {
    removeScratch();
    throw error;
  }
}

/** What `npm run package` made, or what ESPALIER_VSIX names. */
function packedExtension(): string {
  const named = process.env.ESPALIER_VSIX;
  if (named !== undefined && existsSync(named)) return named;
  const { version } = JSON.parse(readFileSync(join(ROOT, 'extension/package.json'), 'utf8')) as { version: string };
  const packed = join(ROOT, 'dist', `espalier-${version}.vsix`);
  if (named === undefined && existsSync(packed)) return packed;
  throw new Error(`${named ?? packed} does not exist; npm run package makes it.`);
}

/** Each test that fails leaves a picture of the window and the logs' ends, and says where. */
export function explainFailures(editor: () => Editor | undefined): void {
  beforeEach(({ task }) => {
    onTestFailed(async () => {
      const running = editor();
      if (running === undefined) return;
      const folder = process.env.ESPALIER_E2E_SHOTS ?? join(tmpdir(), 'espalier-e2e-failures');
      mkdirSync(folder, { recursive: true });
      const file = join(folder, `${task.name.replaceAll(/\W+/g, '-')}.png`);
      await screenshot(running.page, file).catch(() => undefined);
      process.stderr.write(
        [
          `\nThe window when “${task.name}” failed: ${file}`,
          ...running.window.errors.slice(-10).map((error) => `page: ${error}`),
          running.server.logs().split('\n').slice(-120).join('\n'),
          '',
        ].join('\n'),
      );
    });
  });
}

/** The text of the extension's own output channel, as VS Code keeps it on disk; all windows since the start. */
export function extensionLog({ server }: Editor): string {
  const root = join(server.userDataDir, 'logs');
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => /espalier\.espalier.*\.log$/.test(name))
    .map((name) => readFileSync(join(root, name), 'utf8'))
    .join('\n');
}
