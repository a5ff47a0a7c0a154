import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { isDebian } from './debian.mjs';
import { hasDesktop, isAtLeast } from './desktop.mjs';
import { descendants, isRunning, outsideEnv, run, stopTree } from './process.mjs';

test('descendants are found through generations, and only they', () => {
  const parents = [
    [10, 1],
    [30, 20],
    [20, 10],
    [11, 1],
    [40, 30],
  ];
  expect(descendants(10, parents).sort()).toEqual([20, 30, 40]);
});

// Windows has no polite signal to ignore.
const posixTest = process.platform === 'win32' ? () => {} : test;
posixTest('stopTree ends a grandchild that ignores the polite signal', async () => {
  const stubborn = "process.on('SIGTERM', () => {}); console.log(process.pid); setInterval(() => {}, 1000)";
  const parent = `require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(stubborn)}], { stdio: 'inherit' }); setInterval(() => {}, 1000)`;
  const child = spawn(process.execPath, ['-e', parent], { stdio: ['ignore', 'pipe', 'ignore'] });
  const closed = once(child, 'close');
  const grandchild = Number(String((await once(child.stdout, 'data'))[0]));
  expect(isRunning(grandchild)).toBe(true);
  await stopTree(child.pid, { graceMs: 200 });
  await closed;
  expect(isRunning(grandchild)).toBe(false);
});

test('run keeps the exit code and the words', async () => {
  expect(
    await run(process.execPath, ['-e', 'console.log(1); console.error(2); process.exit(3)'], { output: 'keep' }),
  ).toEqual({
    code: 3,
    text: expect.stringMatching(/^(1\n2|2\n1)\n$/),
  });
});

test('a command that takes too long is ended and has failed', async () => {
  const { code } = await run(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], {
    output: 'keep',
    timeoutMs: 100,
  });
  expect(code).toBe(1);
});

test('a command that does not exist is an exit code, not an exception', async () => {
  expect(await run('espalier-no-such-command', [], { output: 'keep' })).toMatchObject({ code: 127 });
});

test('an inner npm keeps where packages come from, and forgets the workspace', () => {
  const kept = {
    npm_config_registry: 'r',
    npm_config_cafile: 'c',
    npm_config_cache: 'd',
    npm_execpath: 'e',
    PATH: 'p',
  };
  const gone = {
    npm_config_local_prefix: '/w',
    npm_config_ignore_scripts: 'true',
    npm_config_workspace: 'a',
    npm_package_name: 'w',
    npm_lifecycle_event: 'test',
  };
  expect(outsideEnv({ ...kept, ...gone })).toEqual(kept);
});

test.each([
  ['ID=debian\nVERSION_ID="12"\n', true],
  ['NAME="Ubuntu"\nID=ubuntu\nID_LIKE=debian\n', true],
  ['ID="linuxmint"\nID_LIKE="ubuntu debian"\n', true],
  ['ID=alpine\nHOME_URL="https://www.debian.example"\n', false],
  ['', false],
])('%j', (release, expected) => expect(isDebian(release)).toBe(expected));

test.each([
  ['1.100.3', '1.99.9', true],
  ['1.100.0', '1.100.0', true],
  ['1.99.9', '1.100.0', false],
  ['2.0.0', '1.100.0', true],
])('VS Code %s is at least %s: %s', (version, minimum, expected) => expect(isAtLeast(version, minimum)).toBe(expected));

test.each([
  ['linux', { DISPLAY: ':0' }, true],
  ['linux', { WAYLAND_DISPLAY: 'wayland-0' }, true],
  ['linux', {}, false],
  ['linux', { DISPLAY: ':0', CI: 'true' }, false],
  ['darwin', {}, true],
  ['darwin', { SSH_CONNECTION: 'x' }, false],
  ['win32', {}, true],
])('%s with %j has a desktop: %s', (platform, env, expected) => expect(hasDesktop({ platform, env })).toBe(expected));
