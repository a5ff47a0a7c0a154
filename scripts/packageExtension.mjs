import { mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from './install.mjs';
import { run } from './process.mjs';

/** A download of an extension should feel like nothing. */
export const VSIX_LIMIT_BYTES = 8_000_000;

/**
 * Pack the extension. Everything is bundled in extension/dist, so no dependencies travel.
 *
 * @param {{root?: string}} [options]
 * @returns {Promise<{ok: true, file: string, bytes: number} | {ok: false, reason: string}>}
 */
export async function packageExtension({ root = ROOT } = {}) {
  const extension = path.join(root, 'extension');
  const { version } = JSON.parse(readFileSync(path.join(extension, 'package.json'), 'utf8'));
  const file = path.join(root, 'dist', `espalier-${version}.vsix`);
  mkdirSync(path.dirname(file), { recursive: true });
  rmSync(file, { force: true });
  const vsce = path.join(root, 'node_modules/@vscode/vsce/vsce');
  const { code, text } = await run(process.execPath, [vsce, 'package', '--no-dependencies', '--out', file], {
    cwd: extension,
    output: 'keep',
  });
  if (code !== 0) return { ok: false, reason: `vsce ended with ${code}\n${text.trimEnd()}` };
  const warnings = warningsOf(text);
  if (warnings.length > 0) return { ok: false, reason: `vsce warns:\n${warnings.join('\n')}` };
  const bytes = statSync(file).size;
  if (bytes > VSIX_LIMIT_BYTES) {
    return { ok: false, reason: `${path.basename(file)} has ${bytes} bytes, the limit is ${VSIX_LIMIT_BYTES}` };
  }
  return { ok: true, file, bytes };
}

/** The warnings in what vsce said, each with the lines that belong to it. */
export function warningsOf(text) {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are escape sequences
  const lines = text.replace(/\u001b\[[0-9;]*m/g, '').split('\n');
  const warnings = [];
  let open = false;
  for (const line of lines) {
    if (/^\s*WARN(ING)?\b/.test(line)) {
      warnings.push(line.trim());
      open = true;
    } else if (/^\s*(INFO|DONE|ERROR)\b/.test(line) || line.trim() === '') {
      open = false;
    } else if (open) {
      warnings[warnings.length - 1] += `\n${line}`;
    }
  }
  return warnings;
}

/** "1.23 MB": decimal, as shops and file managers count. */
export function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(2)} MB`;
}
