import { expect, test } from 'vitest';
import { lookForBrowser } from './browser.mjs';

/** A machine that has exactly these files. */
function machine(platform, files, env = {}) {
  const join = platform === 'win32' ? '\\' : '/';
  return {
    platform,
    env,
    home: platform === 'win32' ? 'C:\\Users\\a' : '/home/a',
    exists: (file) => files.includes(file),
    list: (folder) => [
      ...new Set(
        files
          .filter((file) => file.startsWith(folder + join))
          .map((file) => file.slice(folder.length + 1).split(join)[0]),
      ),
    ],
  };
}

const PLAYWRIGHT = '/home/a/.cache/ms-playwright';

test.each([
  ['CHROME_PATH wins', 'linux', ['/x/chrome', '/usr/bin/google-chrome'], { CHROME_PATH: '/x/chrome' }, '/x/chrome'],
  ['Chrome before Chromium', 'linux', ['/usr/bin/chromium', '/usr/bin/google-chrome'], {}, '/usr/bin/google-chrome'],
  ['Chromium before Edge', 'linux', ['/usr/bin/microsoft-edge', '/usr/bin/chromium'], {}, '/usr/bin/chromium'],
  ['a folder of the PATH', 'linux', ['/opt/mine/chromium'], { PATH: '/bin:/opt/mine' }, '/opt/mine/chromium'],
  [
    'an installed one before a download',
    'linux',
    [`${PLAYWRIGHT}/chromium-1200/chrome-linux64/chrome`, '/usr/bin/chromium'],
    {},
    '/usr/bin/chromium',
  ],
  [
    'the newest download, by number',
    'linux',
    [`${PLAYWRIGHT}/chromium-999/chrome-linux/chrome`, `${PLAYWRIGHT}/chromium-1200/chrome-linux64/chrome`],
    {},
    `${PLAYWRIGHT}/chromium-1200/chrome-linux64/chrome`,
  ],
  [
    'a Mac application',
    'darwin',
    ['/home/a/Applications/Chromium.app/Contents/MacOS/Chromium'],
    {},
    '/home/a/Applications/Chromium.app/Contents/MacOS/Chromium',
  ],
  [
    'Edge on Windows',
    'win32',
    ['C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe'],
    { PROGRAMFILES: 'C:\\Program Files', 'PROGRAMFILES(X86)': 'C:\\Program Files (x86)' },
    'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe',
  ],
  [
    'a download on Windows',
    'win32',
    ['C:\\L\\ms-playwright\\chromium-1200\\chrome-win64\\chrome.exe'],
    { LOCALAPPDATA: 'C:\\L' },
    'C:\\L\\ms-playwright\\chromium-1200\\chrome-win64\\chrome.exe',
  ],
])('%s', (_, platform, files, env, expected) => {
  const found = lookForBrowser(machine(platform, files, env));
  expect(found.path).toBe(expected);
  expect(found.how).toContain(expected);
});

test('a CHROME_PATH that does not exist is said, not replaced', () => {
  const found = lookForBrowser(machine('linux', ['/usr/bin/chromium'], { CHROME_PATH: '/nowhere' }));
  expect(found).toEqual({ path: null, reason: 'CHROME_PATH names /nowhere, which does not exist' });
});

test('without any browser there is a reason', () => {
  expect(lookForBrowser(machine('linux', []))).toEqual({ path: null, reason: expect.stringContaining('no Chrome') });
});
