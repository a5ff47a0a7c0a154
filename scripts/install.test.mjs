import { expect, test } from 'vitest';
import { whyInstall } from './install.mjs';

const lock = {
  packages: {
    '': { version: '0.1.0' },
    'packages/base': { version: '0.1.0' },
    'node_modules/@espalier/base': { link: true, resolved: 'packages/base' },
    'node_modules/a': { version: '1.0.0', integrity: 'sha512-a' },
    'node_modules/b/node_modules/@c/d': { version: '2.0.0', integrity: 'sha512-d' },
    'node_modules/only-mac': { version: '3.0.0', integrity: 'sha512-m', optional: true },
  },
};
const { '': _root, 'node_modules/only-mac': _mac, ...installed } = lock.packages;
const after = (change) => ({ packages: { ...installed, ...change } });

test.each([
  ['nothing is installed', null, 'none are installed yet'],
  ['everything is as in the lockfile', after({}), null],
  [
    'another version',
    after({ 'node_modules/a': { version: '0.9.0', integrity: 'sha512-a' } }),
    'a is 0.9.0, the lockfile has 1.0.0',
  ],
  [
    'another checksum',
    after({ 'node_modules/a': { version: '1.0.0', integrity: 'sha512-x' } }),
    'a is 1.0.0, the lockfile has 1.0.0',
  ],
  ['a nested package is missing', after({ 'node_modules/b/node_modules/@c/d': undefined }), '@c/d is missing'],
  ['a package too many', after({ 'node_modules/e': { version: '1.0.0' } }), 'node_modules/e is not in the lockfile'],
])('%s', (_, present, reason) => {
  // A real file has no entries without a value.
  expect(whyInstall(lock, present && JSON.parse(JSON.stringify(present)))).toBe(reason);
});
