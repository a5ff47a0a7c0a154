import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const launcher = fileURLToPath(new URL('../bin/espalier.mjs', import.meta.url));

test('hello_deepa and hello_deepa_old differ in the width of one layer', async () => {
  const folder = fileURLToPath(new URL('../../../node_modules/openwakeword-js/models', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [
    launcher,
    'diff',
    join(folder, 'hello_deepa_old.onnx'),
    join(folder, 'hello_deepa.onnx'),
    '--no-cache',
    '--format',
    'json',
  ]);
  const { structure } = JSON.parse(stdout);
  expect(structure.added).toEqual([]);
  expect(structure.removed).toEqual([]);
  expect(structure.reshaped).toEqual([{ name: 'layer1.weight', before: [32, 2304], after: [32, 2400] }]);
});
