import type { Fault, Result } from '@espalier/base';
import type { ByteSource } from '@espalier/tensor';

export interface FileStat {
  readonly kind: 'file' | 'folder' | 'other';
  readonly sizeBytes: number;
  readonly modifiedMs: number;
}

/** The files a host can reach. Paths are absolute and in the host's own style. */
export interface Files {
  open(path: string, signal?: AbortSignal): Promise<Result<ByteSource, Fault>>;
  /** null: nothing is there, or nothing that may be seen. */
  stat(path: string): Promise<FileStat | null>;
  /** Entries of a folder; empty where it cannot be read. */
  list(folder: string): Promise<readonly { readonly name: string; readonly folder: boolean }[]>;
}

/** Facts that outlive the process. A cache may forget anything at any time. */
export interface FactsCache {
  get(key: string): Promise<unknown | null>;
  put(key: string, value: unknown): Promise<void>;
}
