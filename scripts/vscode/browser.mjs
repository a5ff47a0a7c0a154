import { existsSync, readdirSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { aptInstall, canAptInstall } from '../debian.mjs';

/** What on Debian gives a browser whose text has ordinary widths in screenshots. */
export const DEBIAN_PACKAGES = ['chromium', 'fonts-liberation', 'fonts-noto-core'];

/**
 * What the search looks at, so that a test can describe another machine.
 *
 * @typedef {{platform: NodeJS.Platform, env: NodeJS.ProcessEnv, home: string,
 *   exists(file: string): boolean, list(folder: string): string[]}} Machine
 */

/** @type {Machine} */
const thisMachine = {
  platform: process.platform,
  env: process.env,
  home: os.homedir(),
  exists: existsSync,
  list: (folder) => (existsSync(folder) ? readdirSync(folder) : []),
};

/**
 * A Chromium that can be driven: CHROME_PATH, an installed Chrome, Chromium or Edge, playwright's own download, and with
 * `install` on Debian as root the distribution's Chromium.
 *
 * @param {{install?: boolean, machine?: Machine}} [options]
 * @returns {Promise<{path: string, how: string} | {path: null, reason: string}>} `how` is one sentence for people
 */
export async function findBrowser({ install = false, machine = thisMachine } = {}) {
  const found = lookForBrowser(machine);
  if (found.path !== null || machine.env.CHROME_PATH) return found;
  if (!install) return found;
  if (!canAptInstall())
    return { path: null, reason: `${found.reason}; it is installed automatically only on Debian as root` };
  const problem = await aptInstall(DEBIAN_PACKAGES);
  if (problem !== null) return { path: null, reason: problem };
  const after = lookForBrowser(machine);
  return after.path === null
    ? after
    : { path: after.path, how: `Using Debian's Chromium, just installed (${after.path}).` };
}

/**
 * The same without installing.
 *
 * @param {Machine} [machine]
 * @returns {{path: string, how: string} | {path: null, reason: string}}
 */
export function lookForBrowser(machine = thisMachine) {
  const wished = machine.env.CHROME_PATH;
  if (wished) {
    // A wish that cannot be met is said, not silently replaced by another browser.
    if (!machine.exists(wished)) return { path: null, reason: `CHROME_PATH names ${wished}, which does not exist` };
    return { path: wished, how: `Using the browser that CHROME_PATH names (${wished}).` };
  }
  const installed = installedBrowsers(machine).find(({ file }) => machine.exists(file));
  if (installed) return { path: installed.file, how: `Using the installed ${installed.name} (${installed.file}).` };
  const downloaded = playwrightBrowsers(machine).find((file) => machine.exists(file));
  if (downloaded) return { path: downloaded, how: `Using Chromium from playwright's downloads (${downloaded}).` };
  return { path: null, reason: 'no Chrome, Chromium or Edge is installed and CHROME_PATH is not set' };
}

/** Places of installed browsers, in order of preference. */
function installedBrowsers({ platform, env, home }) {
  if (platform === 'darwin') {
    const applications = [
      ['Google Chrome', 'Google Chrome.app/Contents/MacOS/Google Chrome'],
      ['Chromium', 'Chromium.app/Contents/MacOS/Chromium'],
      ['Microsoft Edge', 'Microsoft Edge.app/Contents/MacOS/Microsoft Edge'],
    ];
    return applications.flatMap(([name, inside]) =>
      ['/Applications', path.posix.join(home, 'Applications')].map((folder) => ({
        name,
        file: path.posix.join(folder, inside),
      })),
    );
  }
  if (platform === 'win32') {
    const programs = [
      ['Google Chrome', 'Google\\Chrome\\Application\\chrome.exe'],
      ['Chromium', 'Chromium\\Application\\chrome.exe'],
      ['Microsoft Edge', 'Microsoft\\Edge\\Application\\msedge.exe'],
    ];
    const roots = [env.PROGRAMFILES, env['PROGRAMFILES(X86)'], env.LOCALAPPDATA].filter(Boolean);
    return programs.flatMap(([name, inside]) => roots.map((root) => ({ name, file: path.win32.join(root, inside) })));
  }
  const commands = [
    ['Google Chrome', ['google-chrome-stable', 'google-chrome', 'chrome']],
    ['Chromium', ['chromium', 'chromium-browser']],
    ['Microsoft Edge', ['microsoft-edge-stable', 'microsoft-edge']],
  ];
  const folders = [
    ...(env.PATH ?? '').split(':').filter(Boolean),
    '/usr/bin',
    '/usr/local/bin',
    '/opt/google/chrome',
    '/snap/bin',
  ];
  return commands.flatMap(([name, files]) =>
    files.flatMap((file) => folders.map((folder) => ({ name, file: path.posix.join(folder, file) }))),
  );
}

/** Browsers that `playwright install chromium` left, newest revision first. */
function playwrightBrowsers({ platform, env, home, list }) {
  const join = platform === 'win32' ? path.win32.join : path.posix.join;
  const root =
    env.PLAYWRIGHT_BROWSERS_PATH ??
    {
      darwin: join(home, 'Library/Caches/ms-playwright'),
      win32: join(env.LOCALAPPDATA ?? join(home, 'AppData\\Local'), 'ms-playwright'),
    }[platform] ??
    join(env.XDG_CACHE_HOME ?? join(home, '.cache'), 'ms-playwright');
  const inside = {
    darwin: [
      'chrome-mac-arm64/Google Chrome for Testing.app/Contents/MacOS/Google Chrome for Testing',
      'chrome-mac-x64/Google Chrome for Testing.app/Contents/MacOS/Google Chrome for Testing',
      'chrome-mac/Chromium.app/Contents/MacOS/Chromium',
    ],
    win32: ['chrome-win64\\chrome.exe', 'chrome-win\\chrome.exe'],
  }[platform] ?? ['chrome-linux64/chrome', 'chrome-linux/chrome'];
  return list(root)
    .map((name) => ({ name, revision: Number(/^chromium-(\d+)$/.exec(name)?.[1] ?? Number.NaN) }))
    .filter(({ revision }) => !Number.isNaN(revision))
    .sort((a, b) => b.revision - a.revision)
    .flatMap(({ name }) => inside.map((file) => join(root, name, file)));
}
