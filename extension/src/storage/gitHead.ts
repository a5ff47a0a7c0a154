import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { extensions } from 'vscode';
import { copyFolder, hasCopy } from './copies.js';

interface GitExtension {
  getAPI(version: 1): { readonly git: { readonly path: string } };
}

/**
 * The file as it is at Git HEAD, streamed into `storage`. Throws a sentence for people when there is none.
 *
 * Git runs what the repository's configuration names (filters), so this is for trusted workspaces alone.
 */
export async function versionAtHead(path: string, storage: string, signal: AbortSignal): Promise<string> {
  const git = await gitCommand();
  const run: Run = { git, repository: dirname(path), storage, signal };
  await mkdir(storage, { recursive: true });
  const blob = (await output(run, ['rev-parse', `HEAD:./${basename(path)}`])).trim();
  const key = createHash('sha256').update(`${path}:${blob}`).digest('hex').slice(0, 24);
  const folder = copyFolder(storage, 'head', key);
  const target = join(folder, basename(path));
  if (await hasCopy(folder, target)) return target;
  await mkdir(folder, { recursive: true });
  const part = `${target}.part`;
  try {
    // --filters runs Git LFS's smudge filter where it is configured, as a checkout would.
    const child = start(run, ['cat-file', '--filters', `HEAD:./${basename(path)}`]);
    const ended = endOf(child);
    await Promise.all([pipeline(child.stdout, createWriteStream(part)), ended]);
    await rename(part, target);
    return target;
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}

/** The Git that VS Code found, else the one on the PATH. */
async function gitCommand(): Promise<string> {
  const extension = extensions.getExtension<GitExtension>('vscode.git');
  try {
    return (await extension?.activate())?.getAPI(1).git.path ?? 'git';
  } catch {
    // Git support is switched off.
    return 'git';
  }
}

interface Run {
  readonly git: string;
  readonly repository: string;
  readonly storage: string;
  readonly signal: AbortSignal;
}

/** Starts Git outside of the repository: some systems look for programs in the folder that a process starts in. */
const start = ({ git, repository, storage, signal }: Run, args: readonly string[]) =>
  spawn(git, ['-C', repository, ...args], { cwd: storage, signal, stdio: ['ignore', 'pipe', 'pipe'] });

type Child = ReturnType<typeof start>;

/** Resolves when Git has ended well; else rejects with a sentence. */
function endOf(child: Child): Promise<void> {
  let problem = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    problem = (problem + text).slice(0, 4096);
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => (code === 0 ? resolve() : reject(new Error(sentence(problem, code)))));
  });
}

async function output(run: Run, args: readonly string[]): Promise<string> {
  const child = start(run, args);
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (part: string) => (text += part));
  await endOf(child);
  return text;
}

function sentence(problem: string, code: number | null): string {
  if (/not a git repository/i.test(problem)) return 'The file is in no Git repository.';
  if (/unknown revision|does not exist|not in 'HEAD'|bad revision|exists on disk|invalid object name/i.test(problem))
    return 'Git HEAD has no version of this file.';
  return problem.trim().split('\n')[0] || `Git ended with ${code}.`;
}
