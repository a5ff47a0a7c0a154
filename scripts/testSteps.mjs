import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { aptInstall } from './debian.mjs';
import { ROOT } from './install.mjs';
import { megabytes, packageExtension } from './packageExtension.mjs';
import { findOnPath, npmCli, run } from './process.mjs';
import { findBrowser } from './vscode/browser.mjs';
import { CURRENT, OLDEST } from './vscode/codeServerVersions.mjs';
import { installCodeServer } from './vscode/installCodeServer.mjs';

/**
 * What stages stand on. Each is done at most once in a run, and says what it came to; `env` goes to every stage
 * after it.
 *
 * @typedef {{ok: true, note?: string, env?: Record<string, string>} | {ok: false, reason: string}} StepResult
 */

/** @type {Readonly<Record<string, () => Promise<StepResult>>>} */
export const STEPS = {
  async build() {
    const { code } = await run(process.execPath, [npmCli(), 'run', 'build'], { cwd: ROOT });
    return code === 0 ? { ok: true } : { ok: false, reason: `npm run build ended with ${code}` };
  },

  /** The README's first command, as a stranger would give it, without opening an editor. */
  async demo() {
    const { code, text } = await run(process.execPath, [npmCli(), 'start', '--', '--no-open'], {
      cwd: ROOT,
      output: 'keep',
    });
    if (code !== 0) return { ok: false, reason: `npm start -- --no-open ended with ${code}` };
    const reported = (text.match(/ of prunable weights zero/g) ?? []).length;
    return reported >= 5
      ? { ok: true, note: `${reported} demo checkpoints were reported` }
      : { ok: false, reason: `npm start -- --no-open reported ${reported} checkpoints, at least 5 were expected` };
  },

  /** The same where there is a desktop VS Code, and where no editor can be had. */
  async opening() {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'espalier-open-'));
    try {
      return (await openOnDesktop(folder)) ?? (await openNowhere(folder)) ?? { ok: true };
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  },

  async package() {
    const packed = await packageExtension();
    if (!packed.ok) return packed;
    return { ok: true, note: `the VSIX has ${megabytes(packed.bytes)}`, env: { ESPALIER_VSIX: packed.file } };
  },

  async browser() {
    const found = await findBrowser({ install: true });
    if (found.path === null) return { ok: false, reason: found.reason };
    return { ok: true, note: found.how, env: { CHROME_PATH: found.path } };
  },

  vscode: () => codeServer(CURRENT),

  oldestVscode: () => codeServer(OLDEST),

  /** The models of the ONNX project, as Debian packs them. */
  async onnxTestdata() {
    const problem = existsSync('/usr/share/libonnx-testdata/data') ? null : await aptInstall(['libonnx-testdata']);
    return problem === null ? { ok: true } : { ok: false, reason: `libonnx-testdata is not installed: ${problem}` };
  },

  async neovim() {
    if (findOnPath('nvim') === null) {
      const problem = await aptInstall(['neovim']);
      if (problem !== null) return { ok: false, reason: `Neovim is not installed: ${problem}` };
    }
    const { code, text } = await run('nvim', ['--version'], { output: 'keep' });
    return code === 0
      ? { ok: true, note: text.split('\n')[0] }
      : { ok: false, reason: `nvim --version ended with ${code}` };
  },
};

const startDemo = (env) =>
  run(process.execPath, [npmCli(), 'start'], {
    cwd: ROOT,
    output: 'keep',
    env: { ...process.env, CI: '', VSCODE_IPC_HOOK_CLI: '', WSL_DISTRO_NAME: '', ...env },
  });

/** A `code` that writes down what it was asked for. @returns {Promise<StepResult | null>} null when it is as it should be */
async function openOnDesktop(folder) {
  const asked = path.join(folder, 'arguments');
  const script = `#!/bin/sh\nif [ "$1" = --version ]; then echo 1.139.1; else printf '%s\\n' "$@" > "${asked}"; fi\n`;
  writeFileSync(path.join(folder, 'code'), script, { mode: 0o755 });
  const { code, text } = await startDemo({ PATH: `${folder}${path.delimiter}${process.env.PATH}`, DISPLAY: ':99' });
  const found = existsSync(asked) ? readFileSync(asked, 'utf8').trim().split('\n') : [];
  const wanted = [
    '--new-window',
    `--extensionDevelopmentPath=${path.join(ROOT, 'extension')}`,
    path.join(ROOT, 'fixtures/demo'),
  ];
  if (code === 0 && found.join() === wanted.join()) return null;
  return { ok: false, reason: `npm start ended with ${code} and asked \`code\` for: ${found.join(' ')}\n${text}` };
}

/** No `code`, no display, nothing to download from. @returns {Promise<StepResult | null>} null when it is as it should be */
async function openNowhere(folder) {
  const { code, text } = await startDemo({
    // No window would be seen.
    CI: 'true',
    ESPALIER_CACHE: path.join(folder, 'cache'),
    npm_config_registry: 'http://127.0.0.1:9',
    npm_config_fetch_retries: '0',
  });
  const says = ['No editor could be opened here.', 'VS Code in the browser: ', 'code --install-extension "'];
  const silent = says.filter((words) => !text.includes(words));
  if (code === 0 && silent.length === 0) return null;
  return { ok: false, reason: `npm start without an editor ended with ${code} and did not say: ${silent.join(', ')}` };
}

/** @returns {Promise<StepResult>} */
async function codeServer(version) {
  try {
    const { vscode, runtime } = await installCodeServer({ version, installTools: true });
    return { ok: true, note: `VS Code ${vscode} (code-server ${version}) on ${runtime.how}` };
  } catch (error) {
    return { ok: false, reason: error.message };
  }
}
