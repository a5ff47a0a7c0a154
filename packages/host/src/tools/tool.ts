import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { defaultCacheFolder } from '../diskCache.js';
import { ONNXRUNTIME_LOCK } from './onnxRuntimeLock.js';

/** A package of an npm lock file: what npm must find before it unpacks it. */
export interface LockedPackage {
  readonly version: string;
  /** Subresource integrity: `sha512-…`. */
  readonly integrity: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}

/** A package that Espalier uses where it is there, and does not ship: too large, or native. */
export interface Tool {
  /** As npm and the command line name it. */
  readonly name: string;
  /** What can be done with it, for people. */
  readonly adds: string;
  /** The package itself and everything that it needs, by name. */
  readonly lock: Readonly<Record<string, LockedPackage>>;
}

export const TOOLS: readonly Tool[] = [
  {
    name: 'onnxruntime-node',
    adds: 'times whole ONNX models, and sees the ranges of activations for quantization',
    lock: ONNXRUNTIME_LOCK,
  },
];

/** Where tools are installed: in the storage of the editor's extension, which names it, else in the folder of the terminal. */
export const toolsFolder = (env: NodeJS.ProcessEnv = process.env): string =>
  env['ESPALIER_TOOLS'] ?? join(defaultCacheFolder(env), 'tools');

/** The folder of a tool in its pinned version. */
export const folderOf = ({ name, lock }: Tool, tools = toolsFolder()): string =>
  join(tools, `${name}-${lock[name]!.version}`);

export interface FoundTool {
  /** Its entry, ready for `require`. */
  readonly entry: string;
  readonly folder: string;
  readonly version: string;
  /** `folder` of the person's, beside Espalier itself, or installed by Espalier. */
  readonly where: 'folder' | 'beside' | 'installed';
}

/** Looks in a folder of the person's and those above it, beside Espalier, then where Espalier installs tools. Runs nothing of it. */
export async function findTool(tool: Tool, folder: string, tools = toolsFolder()): Promise<FoundTool | null> {
  const places = [
    ['folder', join(folder, 'package.json')],
    ['beside', import.meta.url],
    ['installed', join(folderOf(tool, tools), 'package.json')],
    // What the terminal installed serves the editor as well.
    ['installed', join(folderOf(tool, join(defaultCacheFolder(), 'tools')), 'package.json')],
  ] as const;
  for (const [where, from] of places) {
    try {
      const entry = createRequire(from).resolve(tool.name);
      const found = await packageOf(entry, tool.name);
      if (found !== null) return { entry, where, ...found };
    } catch {
      // Not there: the next place.
    }
  }
  return null;
}

/** The folder of a package and its version, upwards from a file of it. */
async function packageOf(file: string, name: string): Promise<{ folder: string; version: string } | null> {
  for (let folder = dirname(file); dirname(folder) !== folder; folder = dirname(folder)) {
    try {
      const text = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as Record<string, unknown>;
      if (text['name'] === name) return { folder, version: String(text['version']) };
    } catch {
      // No package.json at this level, or one that is none.
    }
  }
  return null;
}
