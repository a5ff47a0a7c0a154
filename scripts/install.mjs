import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { npmCli, run, say } from './process.mjs';

/** The folder of the repository. */
export const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

/**
 * Install the packages of the lockfile where they are missing or differ from it. Uses nothing outside Node, so it
 * works on a fresh clone.
 *
 * @returns {Promise<{code: number}>} npm's exit code; 0 when there was nothing to do
 */
export async function installPackages({ root = ROOT, output = 'show' } = {}) {
  const lock = readJson(path.join(root, 'package-lock.json'));
  const installed = readJson(path.join(root, 'node_modules/.package-lock.json'));
  const reason = whyInstall(lock, installed);
  if (reason === null) return { code: 0 };
  say(`Installing packages from the lockfile (${reason}) …`);
  return run(process.execPath, [npmCli(), 'ci', '--no-audit', '--no-fund'], { cwd: root, output });
}

/**
 * Why the installed packages are not those of the lockfile, or null when they are. npm keeps a lockfile of what
 * it installed inside node_modules; versions and checksums are compared, since times say nothing after a checkout.
 * Optional packages may be absent: most are for other platforms.
 *
 * @param {{packages?: Record<string, LockEntry>} | null} lock
 * @param {{packages?: Record<string, LockEntry>} | null} installed
 * @typedef {{version?: string, integrity?: string, optional?: boolean, link?: boolean, resolved?: string}} LockEntry
 * @returns {string | null}
 */
export function whyInstall(lock, installed) {
  if (installed === null) return 'none are installed yet';
  const wanted = lock?.packages ?? {};
  const present = installed.packages ?? {};
  for (const [place, entry] of Object.entries(wanted)) {
    // Entries outside node_modules are the workspaces themselves, which need no installing.
    if (!place.includes('node_modules/')) continue;
    const name = place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length);
    const there = present[place];
    if (!there) {
      if (entry.optional) continue;
      return `${name} is missing`;
    }
    if (there.version !== entry.version || there.integrity !== entry.integrity) {
      return `${name} is ${there.version ?? 'unknown'}, the lockfile has ${entry.version ?? 'another'}`;
    }
  }
  const extra = Object.keys(present).find((place) => place.includes('node_modules/') && !(place in wanted));
  return extra === undefined ? null : `${extra} is not in the lockfile`;
}

function readJson(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : null;
}
