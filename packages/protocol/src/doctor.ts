import type { Answer } from './checkpoint.js';
import { request, stream } from './request.js';

/** An optional tool: what it adds, and whether it is there. */
export interface ToolState {
  readonly name: string;
  readonly adds: string;
  /** null where it is not there. */
  readonly version: string | null;
  readonly folder: string | null;
  /** `folder` of the person's, beside Espalier itself, or installed by Espalier. */
  readonly where: 'folder' | 'beside' | 'installed' | null;
  /** What installing would bring. */
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

/** What this machine has, which optional tools are there, and whether one may be installed: only where the workspace is trusted. */
export const examine = request<Record<string, never>, Examination & { readonly mayInstall: boolean }>('doctor/examine');

/** Installs an optional tool in its pinned version, every package checked by its SHA-512. Says each second that it is still at it; a cancel leaves nothing behind. Answers the folder. */
export const install = stream<{ readonly name: string }, { readonly seconds: number }, Answer<string>>(
  'doctor/install',
);
