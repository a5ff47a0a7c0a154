import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import path from 'node:path';

/** Lines of output kept to explain a failure. */
const TAIL_LINES = 60;

/**
 * Run a command to its end.
 *
 * `output` says where its words go: `show` passes them on, `stderr` sends both streams to stderr (so that stdout stays
 * free for a report), `keep` shows nothing and returns them. After `timeoutMs` it is ended with all that it started.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{cwd?: string, env?: NodeJS.ProcessEnv, output?: 'show' | 'stderr' | 'keep', timeoutMs?: number}} [options]
 * @returns {Promise<{code: number, text: string}>} exit code (127 when the command could not be started) and, with `keep`, what it said
 */
export function run(command, args, { cwd, env = process.env, output = 'show', timeoutMs } = {}) {
  const stdio = {
    show: ['ignore', 'inherit', 'inherit'],
    stderr: ['ignore', process.stderr, process.stderr],
    keep: ['ignore', 'pipe', 'pipe'],
  }[output];
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, env, stdio, windowsHide: true });
    const timer = timeoutMs && setTimeout(() => stopTree(child.pid), timeoutMs);
    const chunks = [];
    child.stdout?.on('data', (chunk) => chunks.push(chunk));
    child.stderr?.on('data', (chunk) => chunks.push(chunk));
    child.on('error', (error) => resolve({ code: 127, text: error.message }));
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code: code ?? (signal === 'SIGINT' ? 130 : 1), text: Buffer.concat(chunks).toString('utf8') });
    });
  });
}

/** Like {@link run} with `keep`, but a failure is an error that shows the end of what was said. */
export async function runOrThrow(command, args, options = {}) {
  const { code, text } = await run(command, args, { ...options, output: 'keep' });
  if (code !== 0) {
    const tail = text.trimEnd().split('\n').slice(-TAIL_LINES).join('\n');
    throw new Error(`${[path.basename(command), ...args].join(' ')} ended with ${code}\n${tail}`);
  }
  return text;
}

/** A progress line for people. Always on stderr: stdout belongs to reports. */
export function say(line) {
  process.stderr.write(`${line}\n`);
}

/**
 * The first file of this name on the PATH, or null. On Windows the usual endings are tried.
 *
 * @param {string} name
 * @param {NodeJS.ProcessEnv} [env]
 */
export function findOnPath(name, env = process.env) {
  const endings = process.platform === 'win32' ? ['.exe', '.cmd', '.bat'] : [''];
  for (const folder of (env.PATH ?? env.Path ?? '').split(path.delimiter)) {
    if (folder === '') continue;
    for (const ending of endings) {
      const file = path.join(folder, name + ending);
      if (existsSync(file)) return file;
    }
  }
  return null;
}

/** npm's own entry file, so that it can run on any Node and needs no shell on Windows. */
export function npmCli(env = process.env) {
  const onPath = findOnPath('npm', env);
  const candidates = [
    env.npm_execpath,
    path.join(path.dirname(process.execPath), 'node_modules/npm/bin/npm-cli.js'),
    path.join(path.dirname(process.execPath), '../lib/node_modules/npm/bin/npm-cli.js'),
    onPath && realpathSync(onPath),
  ];
  const found = candidates.find((file) => file && path.basename(file) === 'npm-cli.js' && existsSync(file));
  if (!found) throw new Error('npm was not found beside Node nor on the PATH');
  return found;
}

/**
 * The environment for npm in a folder that is not this workspace. What an outer `npm run` says about the
 * workspace (its prefix, its lifecycle, its `ignore-scripts`) would mislead an inner npm, so it goes; where
 * packages come from (registry, proxy, certificates, cache) stays.
 */
export function outsideEnv(env = process.env) {
  const misleading =
    /^npm_(package|lifecycle|command)|^npm_config_(local_prefix|global_prefix|prefix|ignore_scripts|workspaces?|include_workspace_root|omit|include|dry_run|node_gyp|npm_version|user_agent|allow_scripts)/i;
  return Object.fromEntries(Object.entries(env).filter(([name]) => !misleading.test(name)));
}

/**
 * End a process and everything it started: politely, then after `graceMs` by force. Descendants are listed
 * before the first signal, because a child whose parent is gone can no longer be found.
 *
 * @param {number} pid
 * @param {{graceMs?: number}} [options]
 */
export async function stopTree(pid, { graceMs = 5000 } = {}) {
  if (process.platform === 'win32') {
    spawnSync('taskkill', ['/pid', String(pid), '/T', '/F'], { windowsHide: true });
    return;
  }
  const family = [pid, ...descendants(pid)];
  for (const member of family) signalQuietly(member, 'SIGTERM');
  if (await allGone(family, graceMs)) return;
  for (const member of family) signalQuietly(member, 'SIGKILL');
  // Even this takes the system a moment.
  await allGone(family, 2000);
}

/** Whether these processes ended within `limitMs`. They are not our children, so there is no event to wait for. */
async function allGone(family, limitMs) {
  const deadline = Date.now() + limitMs;
  while (family.some(isRunning)) {
    if (Date.now() >= deadline) return false;
    await new Promise((wake) => setTimeout(wake, 20));
  }
  return true;
}

/** The same at once and without waiting, for a process that is itself about to exit. */
export function killTreeNow(pid) {
  if (process.platform === 'win32') {
    spawnSync('taskkill', ['/pid', String(pid), '/T', '/F'], { windowsHide: true });
    return;
  }
  for (const member of [pid, ...descendants(pid)]) signalQuietly(member, 'SIGKILL');
}

/** Every process that descends from `pid`, nearest first. */
export function descendants(pid, parents = parentOfEach()) {
  const found = [];
  const wanted = new Set([pid]);
  for (let grew = true; grew; ) {
    grew = false;
    for (const [child, parent] of parents) {
      if (!wanted.has(parent) || wanted.has(child)) continue;
      wanted.add(child);
      found.push(child);
      grew = true;
    }
  }
  return found;
}

/** Pairs of process and parent. /proc where there is one, since minimal machines have no `ps`. */
function parentOfEach() {
  if (process.platform === 'linux') {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((name) => {
        try {
          // "pid (command) state parent": the command may itself hold parentheses and spaces.
          const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
          const parent = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
          return [[Number(name), parent]];
        } catch {
          return [];
        }
      });
  }
  const listing = spawnSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).stdout ?? '';
  return listing
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number));
}

/** Whether a process is there and not merely waiting to be collected by its parent. */
export function isRunning(pid) {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
  if (process.platform !== 'linux') return true;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2)[0] !== 'Z';
  } catch {
    return false;
  }
}

function signalQuietly(pid, signal) {
  try {
    process.kill(pid, signal);
  } catch {
    // Already gone.
  }
}
