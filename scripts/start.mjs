#!/usr/bin/env node
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { listCheckpoints } from './demo.mjs';
import { findDesktopCode, hasDesktop, openInBrowser } from './desktop.mjs';
import { installPackages, ROOT } from './install.mjs';
import { packageExtension } from './packageExtension.mjs';
import { npmCli, run, say } from './process.mjs';
import { startCodeServer } from './vscode/codeServer.mjs';

const HELP = `npm start: shows what Espalier does, on the demo workspace.

Installs packages from the lockfile and builds where needed, prints a report of the demo's checkpoints, and opens
the demo in VS Code with the extension loaded: the desktop VS Code where \`code\` is on the PATH, otherwise VS Code
in the browser on this machine.

  npm start -- --no-open    only the report: installs and opens no editor
  npm start -- --browser    VS Code in the browser, even where there is a desktop one
  npm start -- --port N     the port on 127.0.0.1 for VS Code in the browser (otherwise a free one)
  npm start -- --help       this text

The report goes to stdout, everything else to stderr. Downloads for VS Code in the browser are kept in
~/.cache/espalier, or in the folder that ESPALIER_CACHE names.`;

const WORKSPACE = path.join(ROOT, 'fixtures/demo');
const EXTENSION = path.join(ROOT, 'extension');

process.exitCode = await main();

async function main() {
  let options;
  try {
    options = parseOptions(process.argv.slice(2));
  } catch (error) {
    say(`${error.message}\n\n${HELP}`);
    return 2;
  }
  if (options.help) {
    console.log(HELP);
    return 0;
  }
  const installed = await installPackages({ output: 'stderr' });
  if (installed.code !== 0) {
    say('The packages could not be installed; npm says above why.');
    return 1;
  }
  say('Building …');
  const built = await run(process.execPath, [npmCli(), 'run', 'build'], { cwd: ROOT, output: 'stderr' });
  if (built.code !== 0) return 1;
  const reported = await report();
  if (reported !== 0) return reported;
  return options.open ? open(options) : 0;
}

function parseOptions(args) {
  const { values } = parseArgs({
    args,
    options: {
      help: { type: 'boolean' },
      'no-open': { type: 'boolean' },
      browser: { type: 'boolean' },
      port: { type: 'string' },
    },
  });
  const port = Number(values.port ?? 0);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Error(`--port ${values.port} is not a port`);
  return { help: values.help, open: !values['no-open'], browser: values.browser, port };
}

async function report() {
  const files = listCheckpoints(path.join(WORKSPACE, 'models')).map((file) => path.relative(ROOT, file));
  if (files.length === 0) {
    say('There are no checkpoints in fixtures/demo/models.');
    return 1;
  }
  const { code } = await run(process.execPath, ['packages/cli/bin/espalier.mjs', 'inspect', ...files], { cwd: ROOT });
  return code;
}

/** The first editor that can be had. None is not a failure: then it says what to do by hand. */
async function open({ browser, port }) {
  const minimum = extensionManifest().engines.vscode.replace(/^[^\d]*/, '');
  const desktop = browser
    ? { kind: 'unusable', reason: 'VS Code in the browser was asked for' }
    : await findDesktopCode(minimum);
  const missing = [];
  if (desktop.kind === 'usable') {
    const problem = await openOnDesktop(desktop);
    if (problem === null) return 0;
    missing.push(`desktop VS Code: ${problem}`);
  } else {
    missing.push(`desktop VS Code: ${desktop.reason}`);
  }

  const packed = await packageExtension();
  if (!packed.ok) {
    say(`The extension could not be packed: ${packed.reason}`);
    return 1;
  }
  // Ctrl+C while VS Code is being installed or started: leaving runs the exit handlers, which end what was started.
  let onSignal = () => process.exit(130);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => onSignal());
  let server;
  try {
    server = await startCodeServer({ workspace: WORKSPACE, vsix: packed.file, port });
  } catch (error) {
    missing.push(`VS Code in the browser: ${error.message}`);
    say(installByHand(packed.file, missing));
    return 0;
  }
  const asked = new Promise((resolve) => {
    onSignal = () => resolve('asked');
  });
  return serve(server, asked);
}

function extensionManifest() {
  return JSON.parse(readFileSync(path.join(EXTENSION, 'package.json'), 'utf8'));
}

/** @returns {Promise<string | null>} null when the window was opened, otherwise why not */
async function openOnDesktop({ command, version, remote }) {
  if (!remote) {
    say(`Opening the demo in VS Code ${version}, with the extension from this folder; nothing is installed into it.`);
    const args = ['--new-window', `--extensionDevelopmentPath=${EXTENSION}`, WORKSPACE];
    const { code } = await run(command, args, { output: 'stderr' });
    return code === 0 ? null : `\`code\` ended with ${code}`;
  }
  const packed = await packageExtension();
  if (!packed.ok) return `the extension could not be packed: ${packed.reason}`;
  const { publisher, name } = extensionManifest();
  say(
    `Installing the extension into VS Code ${version}; \`code --uninstall-extension ${publisher}.${name}\` removes it.`,
  );
  for (const args of [
    ['--install-extension', packed.file, '--force'],
    ['--new-window', WORKSPACE],
  ]) {
    const { code } = await run(command, args, { output: 'stderr' });
    if (code !== 0) return `\`code ${args[0]}\` ended with ${code}`;
  }
  return null;
}

/** Until Ctrl+C, or until VS Code ends by itself. */
async function serve(server, asked) {
  say(`\nThe demo is open in VS Code at ${server.url}\nCtrl+C stops it.`);
  if (hasDesktop()) openInBrowser(server.url);
  const why = await Promise.race([asked, server.exited.then(() => 'ended')]);
  if (why === 'ended') say(`VS Code ended by itself:\n${server.logs()}`);
  await server.stop();
  say('Stopped.');
  return why === 'asked' ? 0 : 1;
}

function installByHand(vsix, missing) {
  return [
    '',
    'No editor could be opened here.',
    ...missing.map((line) => `  ${line}`),
    '',
    `The extension is packed at ${vsix}`,
    'To install it: in VS Code, run "Extensions: Install from VSIX…" and choose that file, or',
    `  code --install-extension "${vsix}"`,
    `then open the folder ${existsSync(WORKSPACE) ? WORKSPACE : ROOT}.`,
  ].join('\n');
}
