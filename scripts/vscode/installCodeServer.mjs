import { chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { cacheFolder, installOnce } from '../cache.mjs';
import { aptInstall, canAptInstall } from '../debian.mjs';
import { findOnPath, npmCli, outsideEnv, run, runOrThrow, say } from '../process.mjs';
import { CODE_SERVERS, CURRENT } from './codeServerVersions.mjs';
import { findNode, nodeEnv } from './nodeRuntime.mjs';

/**
 * @typedef {{version: string, vscode: string, folder: string, entry: string, runtime: import('./nodeRuntime.mjs').NodeRuntime}} CodeServer
 *   `entry` is the script to run with `runtime.node`
 */

/**
 * Install a code-server into the cache folder, native parts included. Does nothing when it is there already.
 *
 * `installTools` allows system packages (a compiler) to be installed where that can be done without asking.
 *
 * @param {{version?: string, cache?: string, installTools?: boolean}} [options]
 * @returns {Promise<CodeServer>}
 * @throws when it cannot be built here; the message says why in words for people
 */
export async function installCodeServer({ version = CURRENT, cache = cacheFolder(), installTools = false } = {}) {
  const line = CODE_SERVERS[version];
  if (!line) throw new Error(`code-server ${version} is not one of ${Object.keys(CODE_SERVERS).join(', ')}`);
  if (process.platform === 'win32') throw new Error('code-server does not run on Windows');
  const place = path.join(cache, `code-server-${version}-${process.platform}-${process.arch}`);
  // Before anything is downloaded in vain.
  if (!existsSync(place)) await requireCompiler(installTools);
  const runtime = await findNode(line.node, { cache });
  const { folder, fresh } = await installOnce(place, async (partial) => {
    await fill(partial, version, line, nodeEnv(runtime, outsideEnv()), runtime.node);
  });
  if (fresh) say(`VS Code ${line.vscode} (code-server ${version}) is in ${folder}.`);
  return {
    version,
    vscode: line.vscode,
    folder,
    entry: path.join(packageFolder(folder), 'out/node/entry.js'),
    runtime,
  };
}

async function fill(folder, version, line, env, node) {
  const started = Date.now();
  const step = (what) => say(`  ${what} (${Math.round((Date.now() - started) / 1000)} s)`);
  const npm = (cwd, ...args) => runOrThrow(node, [npmCli(), ...args, '--no-audit', '--no-fund'], { cwd, env });
  say(`Installing VS Code ${line.vscode} (code-server ${version}) into the cache; this happens once …`);
  allowScripts(folder, line, 'install');

  step('code-server');
  await npm(folder, 'install', '--ignore-scripts', '--save-exact', `code-server@${version}`);
  const vscode = path.join(packageFolder(folder), 'lib/vscode');
  step('packages of VS Code');
  await npm(vscode, 'install', '--omit=dev', '--ignore-scripts');
  await npm(path.join(vscode, 'extensions'), 'install', '--omit=dev', '--ignore-scripts');
  linkScripts(vscode);

  allowScripts(vscode, line, 'vscode');
  for (const { module, inside } of line.native) {
    const place = inside === 'install' ? folder : vscode;
    // The package's own scripts may have brought a prebuilt file for this platform.
    if (await loads(module, place, node, env)) continue;
    step(`building ${module}`);
    // A package may fail in a step after a good build (node-pty does), so what counts is whether the module loads.
    const { text } = await run(node, [npmCli(), 'rebuild', module, '--ignore-scripts=false'], {
      cwd: place,
      env,
      output: 'keep',
    });
    if (await loads(module, place, node, env)) continue;
    throw new Error(`${module} could not be built:\n${text.trimEnd().split('\n').slice(-40).join('\n')}`);
  }
  if (line.ripgrep) {
    step('ripgrep');
    await placeRipgrep(folder, vscode, line.ripgrep, npm);
  }
  step('done');
}

function packageFolder(folder) {
  return path.join(folder, 'node_modules/code-server');
}

/** Newer npms run a package's build only where the folder's own package.json says that it may. */
function allowScripts(folder, line, inside) {
  const file = path.join(folder, 'package.json');
  const manifest = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : { private: true };
  manifest.allowScripts = Object.fromEntries(
    line.native.filter((native) => native.inside === inside).map(({ module }) => [module, true]),
  );
  writeFileSync(file, `${JSON.stringify(manifest, null, 2)}\n`);
}

/** Whether the target Node can load a native module. Tried in a process of its own: a bad binary can take one down. */
async function loads(module, folder, node, env) {
  const { code } = await run(node, ['-e', `require(${JSON.stringify(module)})`], { cwd: folder, env, output: 'keep' });
  return code === 0;
}

/** The links that code-server's own install script makes. */
function linkScripts(vscode) {
  const platform = process.platform === 'darwin' ? 'darwin' : 'linux';
  const links = [
    ['bin/remote-cli', 'code-server', `code-${platform}.sh`],
    ['bin/helpers', 'browser.sh', `browser-${platform}.sh`],
  ];
  for (const [folder, link, target] of links) {
    const at = path.join(vscode, folder, link);
    if (!existsSync(at) && existsSync(path.join(vscode, folder, target))) symlinkSync(target, at);
  }
}

/** Search and quick open need ripgrep; older lines would download it in an install script. */
async function placeRipgrep(folder, vscode, version, npm) {
  const name = `@vscode/ripgrep-${process.platform}-${process.arch}`;
  const side = path.join(folder, 'ripgrep');
  mkdirSync(side);
  writeFileSync(path.join(side, 'package.json'), '{"private":true}\n');
  await npm(side, 'install', '--ignore-scripts', `${name}@${version}`);
  const target = path.join(vscode, 'node_modules/@vscode/ripgrep/bin/rg');
  mkdirSync(path.dirname(target), { recursive: true });
  copyFileSync(path.join(side, 'node_modules', name, 'bin/rg'), target);
  chmodSync(target, 0o755);
}

/** Native modules are built by node-gyp, which needs a C++ compiler, make and Python 3. */
async function requireCompiler(mayInstall) {
  const missing = () =>
    [
      ['a C++ compiler', ['c++', 'g++', 'clang++']],
      ['make', ['make', 'gmake']],
      ['Python 3', ['python3', 'python']],
    ].flatMap(([what, commands]) => (commands.some((command) => findOnPath(command)) ? [] : [what]));
  if (missing().length === 0) return;
  if (mayInstall && canAptInstall()) {
    const problem = await aptInstall(['g++', 'make', 'python3']);
    if (problem !== null) throw new Error(problem);
  }
  if (missing().length > 0)
    throw new Error(`building VS Code's native parts needs ${new Intl.ListFormat('en-GB').format(missing())}`);
}
