import { availableParallelism, cpus, freemem, release, totalmem } from 'node:os';
import { kernels } from '@espalier/kernels';
import { findTool, TOOLS, toolsFolder } from './tool.js';

export interface ToolState {
  readonly name: string;
  readonly adds: string;
  /** null where it is not there. */
  readonly version: string | null;
  readonly folder: string | null;
  readonly where: 'folder' | 'beside' | 'installed' | null;
  /** What `--install` would bring. */
  readonly pinnedVersion: string;
}

/** What speed and abilities depend on here. */
export interface Examination {
  readonly version: string;
  readonly node: string;
  readonly platform: string;
  readonly processor: string;
  readonly threads: number;
  readonly memoryBytes: number;
  readonly freeMemoryBytes: number;
  /** Whether kernels run as WebAssembly SIMD, or in their slower plain form. */
  readonly kernels: 'wasm-simd' | 'plain';
  /** Whether threads can share memory. */
  readonly sharedMemory: boolean;
  readonly toolsFolder: string;
  readonly tools: readonly ToolState[];
}

/** Looks at the machine and for the optional tools, from a folder on. Runs none of them. */
export async function examine(folder: string, version: string, tools = toolsFolder()): Promise<Examination> {
  return {
    version,
    node: process.versions.node,
    platform: `${process.platform} ${process.arch}, ${release()}`,
    processor: cpus()[0]?.model.trim() ?? process.arch,
    threads: availableParallelism(),
    memoryBytes: totalmem(),
    freeMemoryBytes: freemem(),
    kernels: kernels().variant,
    sharedMemory: typeof SharedArrayBuffer !== 'undefined',
    toolsFolder: tools,
    tools: await Promise.all(
      TOOLS.map(async (tool): Promise<ToolState> => {
        const found = await findTool(tool, folder, tools);
        return {
          name: tool.name,
          adds: tool.adds,
          version: found?.version ?? null,
          folder: found?.folder ?? null,
          where: found?.where ?? null,
          pinnedVersion: tool.lock[tool.name]!.version,
        };
      }),
    ),
  };
}
