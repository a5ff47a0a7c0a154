import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Lap } from '@espalier/testkit';
import { benchFolder } from './files.js';

const call = promisify(execFile);
const capture = async (command: string, args: readonly string[]): Promise<string> =>
  (await call(command, [...args], { maxBuffer: 1 << 24 })).stdout;

/** The AVX2 loops in C; null where there is no compiler or no AVX2. */
export async function nativeLoops(source: string): Promise<{ path: string; compiler: string } | null> {
  const path = join(benchFolder, 'loops');
  try {
    mkdirSync(benchFolder, { recursive: true });
    const compiler = (await capture('cc', ['--version'])).split('\n')[0]!;
    if (!existsSync(path) || statSync(path).mtimeMs < statSync(source).mtimeMs) {
      await capture('cc', ['-O3', '-mavx2', '-mfma', '-o', path, source, '-lm']);
    }
    await capture(path, ['read', source, '0', '1', '4096', '1', '1']);
    return { path, compiler };
  } catch {
    return null;
  }
}

export type NativeMode = 'read' | 'f32' | 'u16' | 'hist';

/** One repetition of a native loop over `bytes` of a file, timed by itself. */
export async function nativeLap(
  loops: string,
  mode: NativeMode,
  path: string,
  begin: number,
  bytes: number,
  columns: number,
): Promise<Lap> {
  const out = await capture(loops, [mode, path, String(begin), String(bytes), String(1 << 20), String(columns), '1']);
  const [wall, cpu] = out.split('\n')[0]!.split(' ').map(Number);
  return { wallMs: 1000 * wall!, cpuMs: 1000 * cpu! };
}

/** A Python with a certain NumPy, in an environment of its own; null where it cannot be had. `version` is exact or a prefix such as `1.24`. */
export async function numpy(version: string | null): Promise<{ python: string; version: string } | null> {
  const folder = join(benchFolder, version === null ? 'numpy-current' : `numpy-${version}`);
  const python = join(folder, process.platform === 'win32' ? 'Scripts/python.exe' : 'bin/python');
  try {
    if (!existsSync(python)) await capture('python3', ['-m', 'venv', folder]);
    const ask = ['-c', 'import numpy; print(numpy.__version__)'];
    const found = await capture(python, ask).catch(async () => {
      await capture(python, ['-m', 'pip', 'install', '--quiet', version === null ? 'numpy' : `numpy==${version}.*`]);
      return await capture(python, ask);
    });
    return { python, version: found.trim() };
  } catch {
    return null;
  }
}

/** One repetition of a function of reference.py, timed by itself. */
export async function numpyLap(
  python: string,
  script: string,
  ...args: string[]
): Promise<Lap & { readonly value: number }> {
  const out = await capture(python, [script, ...args]);
  const [wall, cpu, value] = out.trim().split(' ').map(Number);
  return { wallMs: 1000 * wall!, cpuMs: 1000 * cpu!, value: value! };
}
