import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { cacheFolder } from '../cache.mjs';
import { killTreeNow, runOrThrow, stopTree } from '../process.mjs';
import { CODE_SERVERS, CURRENT } from './codeServerVersions.mjs';
import { installCodeServer } from './installCodeServer.mjs';

/** Settings under which a screenshot shows the product and not VS Code's welcome, chat and update notices. */
export const QUIET_SETTINGS = {
  'workbench.startupEditor': 'none',
  'window.autoDetectColorScheme': false,
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.tips.enabled': false,
  'workbench.enableExperiments': false,
  'chat.disableAIFeatures': true,
  'security.workspace.trust.banner': 'never',
  'security.workspace.trust.startupPrompt': 'never',
  'telemetry.telemetryLevel': 'off',
  'update.showReleaseNotes': false,
  'extensions.autoUpdate': false,
  'extensions.autoCheckUpdates': false,
  'extensions.ignoreRecommendations': true,
  'git.openRepositoryInParentFolders': 'never',
};

/** A start takes about 2 s; a busy machine with a cold disk needs far longer. */
const START_TIMEOUT_MS = 120_000;
const LOG_LINES = 2000;
const LOG_TAIL_LINES = 60;

/**
 * @typedef {'dark' | 'light' | 'hcDark' | 'hcLight'} Theme
 *
 * A running VS Code.
 *
 * @typedef {{url: string, version: string, pid: number, workspace: string, userDataDir: string, extensionsDir: string,
 *   logs(): string, exited: Promise<void>, changeSettings(changes: Record<string, unknown>): void, changeTheme(theme: Theme): void,
 *   stop(): Promise<void>}} RunningCodeServer
 *   `exited` resolves when the process ends, for whatever reason; `changeSettings` reaches open windows at once
 */

/**
 * Start VS Code in the browser on 127.0.0.1 and wait until it answers.
 *
 * Folders that are not given are temporary and disappear on `stop`. Without `port` a free one is taken. With
 * `trust: false` the workspace opens in Restricted Mode.
 *
 * @param {{version?: string, workspace: string, vsix?: string | readonly string[], userDataDir?: string,
 *   extensionsDir?: string, settings?: Record<string, unknown>, theme?: Theme, trust?: boolean, port?: number,
 *   env?: Record<string, string>, cache?: string, installTools?: boolean}} options
 * @returns {Promise<RunningCodeServer>}
 */
export async function startCodeServer({
  version = CURRENT,
  workspace,
  vsix = [],
  userDataDir,
  extensionsDir,
  settings = {},
  theme = 'dark',
  trust = true,
  port = 0,
  env: extraEnv = {},
  cache = cacheFolder(),
  installTools = false,
}) {
  const { entry, runtime } = await installCodeServer({ version, cache, installTools });
  const scratch = mkdtempSync(path.join(os.tmpdir(), 'espalier-vscode-'));
  const userData = path.resolve(userDataDir ?? path.join(scratch, 'user-data'));
  const extensions = path.resolve(extensionsDir ?? path.join(scratch, 'extensions'));
  const folder = path.resolve(workspace);
  mkdirSync(extensions, { recursive: true });

  const themes = CODE_SERVERS[version].themes;
  writeJson(path.join(userData, 'User/settings.json'), {
    ...QUIET_SETTINGS,
    'workbench.colorTheme': themes[theme],
    ...settings,
  });

  // Its own configuration file: the user's, in the home folder, may ask for a password or another address.
  const config = path.join(userData, 'code-server.yaml');
  writeFileSync(config, 'auth: none\ncert: false\n');
  const places = ['--config', config, '--user-data-dir', userData, '--extensions-dir', extensions];
  // No gallery: nothing here looks for extensions or updates of them on the internet.
  const env = { ...editorEnv(), EXTENSIONS_GALLERY: '{}', ...extraEnv };
  const files = [vsix].flat();
  try {
    for (const file of files) {
      await runOrThrow(runtime.node, [entry, ...places, '--install-extension', path.resolve(file), '--force'], { env });
    }
    const child = spawn(
      runtime.node,
      [
        entry,
        ...places,
        ...['--auth', 'none', '--bind-addr', `127.0.0.1:${port}`],
        ...['--disable-telemetry', '--disable-update-check', '--disable-getting-started-override'],
        ...(trust ? ['--disable-workspace-trust'] : []),
        folder,
      ],
      // A group of its own: Ctrl+C in a terminal reaches the whole group, and we want to end it in our own order.
      { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true },
    );
    const server = await watch(child, { scratch, userDataDir: userData, workspace: folder });
    // A window in the browser reads the user's settings once, but watches the machine's, which win over them.
    const machineSettings = path.join(userData, 'Machine/settings.json');
    const changes = {};
    const changeSettings = (more) => writeJson(machineSettings, Object.assign(changes, more));
    const changeTheme = (name) => changeSettings({ 'workbench.colorTheme': themes[name] });
    return {
      ...server,
      version,
      workspace: folder,
      userDataDir: userData,
      extensionsDir: extensions,
      changeSettings,
      changeTheme,
    };
  } catch (error) {
    rmSync(scratch, { recursive: true, force: true });
    throw error;
  }
}

function writeJson(file, value) {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);
}

/**
 * The environment of the editor. A terminal inside VS Code names the outer editor's sockets, and a test runner its
 * own settings: both would change how the inner editor behaves.
 */
export function editorEnv(env = process.env) {
  const foreign =
    /^(VSCODE_|VITEST|ELECTRON_|CODE_SERVER_|PASSWORD$|HASHED_PASSWORD$|NODE_OPTIONS$|NODE_ENV$|TEST$|npm_)/;
  return Object.fromEntries(Object.entries(env).filter(([name]) => !foreign.test(name)));
}

/** The address that code-server says it listens on, or null while it has not said so. */
export function listeningUrl(text) {
  return /HTTP server listening on (http:\/\/127\.0\.0\.1:\d+)\/?/.exec(text)?.[1] ?? null;
}

async function watch(child, { scratch, userDataDir, workspace }) {
  const lines = [];
  const exited = new Promise((resolve) => child.on('close', resolve));
  const killOnExit = () => {
    killTreeNow(child.pid);
    rmSync(scratch, { recursive: true, force: true });
  };
  process.on('exit', killOnExit);

  let stopping = null;
  const stop = () => {
    stopping ??= (async () => {
      await stopTree(child.pid);
      await exited;
      process.off('exit', killOnExit);
      rmSync(scratch, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    })();
    return stopping;
  };

  try {
    const base = await new Promise((resolve, reject) => {
      const give = (problem) => reject(new Error(`code-server ${problem}\n${lines.slice(-40).join('\n')}`));
      const timer = setTimeout(() => give(`did not answer within ${START_TIMEOUT_MS / 1000} s`), START_TIMEOUT_MS);
      const hear = (text) => {
        lines.push(text);
        if (lines.length > LOG_LINES) lines.shift();
        const url = listeningUrl(text);
        if (url === null) return;
        clearTimeout(timer);
        resolve(url);
      };
      for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', hear);
      child.on('error', (error) => give(`could not be started: ${error.message}`));
      child.on('close', (code, signal) => give(`ended with ${code ?? signal} before it answered`));
    });
    const health = await fetch(`${base}/healthz`);
    if (!health.ok) throw new Error(`code-server answered ${health.status} to its health check`);
    return {
      url: `${base}/?folder=${encodeURIComponent(workspace)}`,
      pid: child.pid,
      logs: () => [...lines, ...editorLogs(userDataDir)].join('\n'),
      exited: exited.then(() => {}),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/**
 * The ends of the logs that the newest window wrote: extension host, extensions, their output channels. They
 * explain a failing test far better than the page does.
 */
function editorLogs(userDataDir) {
  const root = path.join(userDataDir, 'logs');
  try {
    const newest = readdirSync(root).sort().at(-1);
    if (newest === undefined) return [];
    return readdirSync(path.join(root, newest), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.log'))
      .map((entry) => path.join(entry.parentPath, entry.name))
      .flatMap((file) => {
        const tail = readFileSync(file, 'utf8').trimEnd().split('\n').slice(-LOG_TAIL_LINES);
        return tail.join('') === '' ? [] : [`── ${path.relative(root, file)}`, ...tail];
      });
  } catch {
    // The editor may be removing its folder at this moment.
    return [];
  }
}
