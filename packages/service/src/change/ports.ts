import type { Fault, Result } from '@espalier/base';
import type { OutputFolder } from '@espalier/checkpoint';
import type { ByteSource } from '@espalier/tensor';
import type { TimeModels } from '../latency/wholeModel.js';
import type { Files } from '../ports.js';
import type { FindRuntime } from './modelRuntime.js';

/** What running a recipe needs of its host. */
export interface ChangePorts {
  readonly files: Files;
  /** Where files appear; `inputs` are never overwritten, `overwrite` says whether others may be. */
  outputs(
    folder: string,
    rules: { readonly overwrite: boolean; readonly inputs: readonly string[]; readonly expectedBytes?: number },
  ): OutputFolder;
  /** Hex SHA-256 of a whole file. */
  sha256(source: ByteSource, signal: AbortSignal): Promise<string>;
  /** Runs the `evaluate` command and reads its figure; null where nothing may be run: the workspace is not trusted. */
  readonly evaluate: ((command: string, folder: string, signal: AbortSignal) => Promise<Result<number, Fault>>) | null;
  /** Finds what runs models; null where no code of the folder may run: the workspace is not trusted. */
  readonly findRuntime: FindRuntime | null;
  /** Times whole models elsewhere, so that a runtime that crashes takes nothing with it. Absent: here. */
  readonly timeModels?: TimeModels;
  /** Monotonic milliseconds. */
  now(): number;
  /** ISO 8601. */
  today(): string;
  /** Engine, processor and threads, as one line. */
  readonly machine: string;
  readonly version: string;
}
