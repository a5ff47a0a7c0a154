import { spawn } from 'node:child_process';
import { findOnPath, run } from './process.mjs';

/**
 * Whether a window would be seen by somebody: a person's desktop and not a server or a CI machine.
 *
 * @param {{platform: NodeJS.Platform, env: NodeJS.ProcessEnv}} [machine]
 */
export function hasDesktop({ platform, env } = { platform: process.platform, env: process.env }) {
  if (env.CI) return false;
  if (platform === 'win32') return true;
  if (platform === 'darwin') return !env.SSH_CONNECTION;
  return Boolean(env.DISPLAY || env.WAYLAND_DISPLAY);
}

/** Show an address in the default browser. A browser that does not come is no failure: the address was printed. */
export function openInBrowser(url) {
  const [command, args] = {
    darwin: ['open', [url]],
    win32: ['rundll32', ['url.dll,FileProtocolHandler', url]],
  }[process.platform] ?? ['xdg-open', [url]];
  const child = spawn(command, args, { stdio: 'ignore', detached: true });
  child.on('error', () => {});
  child.unref();
}

/**
 * A desktop VS Code that can be used, or why not.
 *
 * `remote` means that `code` talks to an editor on another machine (SSH, WSL, a container): that one can install
 * extensions, but not load one from a folder.
 *
 * @param {string} minimum the oldest version that the extension supports, "1.100.0"
 * @returns {Promise<{kind: 'usable', command: string, version: string, remote: boolean} | {kind: 'unusable', reason: string}>}
 */
export async function findDesktopCode(minimum) {
  const command = findOnPath('code');
  if (command === null) return { kind: 'unusable', reason: 'there is no `code` on the PATH' };
  const { env } = process;
  const remote = Boolean(env.VSCODE_IPC_HOOK_CLI || env.WSL_DISTRO_NAME);
  if (!remote && !hasDesktop())
    return { kind: 'unusable', reason: '`code` is on the PATH, but this machine has no display' };
  const { code, text } = await run(command, ['--version'], { output: 'keep', timeoutMs: 20_000 });
  const version = /^\d+\.\d+\.\d+/m.exec(text)?.[0];
  if (code !== 0 || version === undefined) {
    return { kind: 'unusable', reason: `\`code --version\` ended with ${code}: ${text.trim().split('\n')[0]}` };
  }
  if (!isAtLeast(version, minimum)) {
    return { kind: 'unusable', reason: `the installed VS Code is ${version}, Espalier needs ${minimum} or newer` };
  }
  return { kind: 'usable', command, version, remote };
}

/** Compare two versions by their numbers: "1.100.3" is at least "1.99.0". */
export function isAtLeast(version, minimum) {
  const [a, b] = [version, minimum].map((text) => text.split('.').map(Number));
  for (let i = 0; i < 3; i++) {
    if ((a[i] ?? 0) !== (b[i] ?? 0)) return (a[i] ?? 0) > (b[i] ?? 0);
  }
  return true;
}
