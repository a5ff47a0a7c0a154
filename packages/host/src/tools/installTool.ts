import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Fault, fail, ok, type Result } from '@espalier/base';
import { folderOf, type Tool, toolsFolder } from './tool.js';

/** What npm said is kept up to here: the reason stands at the end. */
const KEPT_CHARACTERS = 16_384;

/**
 * Installs a tool in its pinned version: `npm ci` from a lock file with the SHA-512 of every package, no scripts of packages run, in a folder of its own that appears whole or not at all.
 * Returns the folder. Faults: `tool/install` with npm's words. An abort leaves nothing behind and is raised.
 */
export async function installTool(
  tool: Tool,
  signal: AbortSignal,
  tools = toolsFolder(),
): Promise<Result<string, Fault>> {
  const target = folderOf(tool, tools);
  if ((await stat(target).catch(() => null)) !== null) return ok(target);
  const part = join(tools, `.${tool.name}-${randomUUID()}`);
  try {
    await mkdir(part, { recursive: true });
    await writeFile(join(part, 'package.json'), JSON.stringify(manifestOf(tool), null, 2));
    await writeFile(join(part, 'package-lock.json'), JSON.stringify(lockFileOf(tool), null, 2));
    const problem = await npmCi(part, signal);
    signal.throwIfAborted();
    if (problem !== null) return fail({ code: 'tool/install', message: `${tool.name} was not installed: ${problem}` });
    await rename(part, target);
    return ok(target);
  } catch (error) {
    signal.throwIfAborted();
    return fail({ code: 'tool/install', message: `${tool.name} was not installed: ${(error as Error).message}` });
  } finally {
    await rm(part, { recursive: true, force: true });
  }
}

const manifestOf = ({ name, lock }: Tool): object => ({
  name: 'espalier-tool',
  private: true,
  dependencies: { [name]: lock[name]!.version },
});

const lockFileOf = (tool: Tool): object => ({
  name: 'espalier-tool',
  lockfileVersion: 3,
  requires: true,
  packages: {
    '': manifestOf(tool),
    ...Object.fromEntries(Object.entries(tool.lock).map(([name, locked]) => [`node_modules/${name}`, locked])),
  },
});

/** null where it went well, else why not. */
function npmCi(folder: string, signal: AbortSignal): Promise<string | null> {
  return new Promise((resolve) => {
    // npm is a script of the shell on Windows; nothing that a person gave stands in the line.
    const child = spawn('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'], {
      cwd: folder,
      shell: process.platform === 'win32',
      windowsHide: true,
      stdio: ['ignore', 'ignore', 'pipe'],
      signal,
      killSignal: 'SIGKILL',
    });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said = `${said}${chunk.toString()}`.slice(-KEPT_CHARACTERS)));
    child.on('error', (error: NodeJS.ErrnoException) =>
      resolve(error.code === 'ENOENT' ? 'npm is not on the PATH; it comes with Node.' : error.message),
    );
    child.on('close', (code) => resolve(code === 0 ? null : reasonIn(said)));
  });
}

/** npm tells the error first and then what one could do about it. */
const reasonIn = (said: string): string =>
  said
    .split('\n')
    .map((line) => line.replace(/^npm (?:error|ERR!) ?/, '').trim())
    .filter((line) => line !== '' && !line.startsWith('A complete log') && !/^code |^errno /.test(line))
    .slice(0, 3)
    .join(' ') || 'npm ended without a reason.';
