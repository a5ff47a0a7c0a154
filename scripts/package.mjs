#!/usr/bin/env node
import path from 'node:path';
import { parseArgs } from 'node:util';
import { installPackages, ROOT } from './install.mjs';
import { megabytes, packageExtension, VSIX_LIMIT_BYTES } from './packageExtension.mjs';
import { npmCli, run, say } from './process.mjs';

const HELP = `npm run package: builds the extension and packs it as dist/espalier-VERSION.vsix.

Fails on any warning of vsce and when the file is larger than ${VSIX_LIMIT_BYTES / 1e6} MB.

  --no-build   pack what extension/dist holds already
  --help       this text`;

const { values } = parseArgs({ options: { help: { type: 'boolean' }, 'no-build': { type: 'boolean' } } });
if (values.help) {
  console.log(HELP);
} else {
  process.exitCode = await main();
}

async function main() {
  const installed = await installPackages();
  if (installed.code !== 0) return installed.code;
  if (!values['no-build']) {
    const built = await run(process.execPath, [npmCli(), 'run', 'build'], { cwd: ROOT });
    if (built.code !== 0) return built.code;
  }
  const packed = await packageExtension();
  if (!packed.ok) {
    say(`The extension was not packed: ${packed.reason}`);
    return 1;
  }
  console.log(
    `${path.relative(ROOT, packed.file)}, ${megabytes(packed.bytes)} of at most ${VSIX_LIMIT_BYTES / 1e6} MB`,
  );
  return 0;
}
