import { existsSync, readFileSync } from 'node:fs';
import { run, say } from './process.mjs';

/** A mirror that hangs should not take the whole run with it. */
const APT_LIMIT_MS = 15 * 60_000;

/** Whether system packages can be installed here without asking anybody: Debian or a relative, as root. */
export function canAptInstall() {
  return (
    process.platform === 'linux' && process.getuid?.() === 0 && existsSync('/usr/bin/apt-get') && isDebian(osRelease())
  );
}

/** @param {string} release the text of /etc/os-release */
export function isDebian(release) {
  const values = [...release.matchAll(/^(?:ID|ID_LIKE)="?([^"\n]*)"?$/gm)].flatMap((match) => match[1].split(' '));
  return values.includes('debian');
}

/**
 * `apt-get install` of these packages, after `apt-get update`.
 *
 * @param {readonly string[]} packages
 * @returns {Promise<string | null>} null when they are there, otherwise why not
 */
export async function aptInstall(packages) {
  if (!canAptInstall()) return 'system packages can only be installed automatically on Debian as root';
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  say(`Installing ${packages.join(', ')} with apt-get …`);
  const update = await run('apt-get', ['update', '-q'], { env, output: 'keep', timeoutMs: APT_LIMIT_MS });
  const install = await run('apt-get', ['install', '-y', '-q', '--no-install-recommends', ...packages], {
    env,
    output: 'keep',
    timeoutMs: APT_LIMIT_MS,
  });
  if (install.code === 0) return null;
  const said = (install.text.trim() || update.text.trim()).split('\n').slice(-6).join('\n');
  return `apt-get install ${packages.join(' ')} ended with ${install.code}: ${said}`;
}

function osRelease() {
  try {
    return readFileSync('/etc/os-release', 'utf8');
  } catch {
    return '';
  }
}
