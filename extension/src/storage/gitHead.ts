import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { extensions } from 'vscode';

interface GitExtension {
  getAPI(version: 1): { readonly git: { readonly path: string } };
}

/** The file as it is at Git HEAD, streamed into `storage`. Throws a sentence for people when there is none. */
export async function versionAtHead(path: string, storage: string, signal: AbortSignal): Promise<string> {
  const git = extensions.getExtension<GitExtension>('vscode.git')?.exports?.getAPI(1)?.git.path ?? 'git';
  const blob = (await run(git, ['rev-parse', `HEAD:./${basename(path)}`], dirname(path), signal)).trim();
  const key = createHash('sha256').update(`${path}:${blob}`).digest('hex').slice(0, 24);
  const folder = join(storage, 'head', key);
  const target = join(folder, basename(path));
  if (await stat(target).catch(() => null)) return target;
  await mkdir(folder, { recursive: true });
  const part = `${target}.part`;
  try {
    // --filters runs Git LFS's smudge filter where it is configured, as a checkout would.
    const child = spawn(git, ['cat-file', '--filters', `HEAD:./${basename(path)}`], {
      cwd: dirname(path),
      signal,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const ended = new Promise<void>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code) => (code === 0 ? resolve() : reject(new Error(`git ended with ${code}.`))));
    });
    await Promise.all([pipeline(child.stdout, createWriteStream(part)), ended]);
    await rename(part, target);
    return target;
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}

function run(command: string, args: readonly string[], cwd: string, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, signal, stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    let err = '';
    child.stdout.on('data', (chunk) => (out += chunk));
    child.stderr.on('data', (chunk) => (err += chunk));
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) return resolve(out);
      if (/not a git repository/i.test(err)) return reject(new Error('The file is in no Git repository.'));
      if (/unknown revision|does not exist|not in 'HEAD'|bad revision|exists on disk/i.test(err))
        return reject(new Error('Git HEAD has no version of this file.'));
      reject(new Error(err.trim().split('\n')[0] ?? `git ended with ${code}`));
    });
  });
}
