import type { Fault, Result } from '@espalier/base';

/**
 * A file to read by ranges. Formats see nothing else of the outside world: no paths, no handles.
 * A read that cannot be satisfied raises a `FaultError` (`checkpoint/truncated`, `file/changed`, `file/unreadable`).
 */
export interface ByteSource {
  /** Base name of the file, for messages and for telling formats by their extension. */
  readonly name: string;
  readonly sizeBytes: number;
  /** Exactly `length` bytes from `begin`. The bytes belong to the caller. */
  read(begin: number, length: number, signal?: AbortSignal): Promise<Uint8Array>;
  /** Fills `target` from `begin` without another copy; `target` may be a view of WebAssembly memory. */
  readInto(target: Uint8Array, begin: number, signal?: AbortSignal): Promise<void>;
  /**
   * The file that `name`, written *inside* this file, refers to: relative to its folder, never outside of it.
   * The one place where rules about paths live. Faults: `path/outside-folder`, `path/not-found`, `path/not-a-file`.
   */
  sibling(name: string): Promise<Result<ByteSource, Fault>>;
  /** Names of the files in the same folder (no subfolders), for shards and companions that no header names. */
  siblingNames(): Promise<readonly string[]>;
  close(): Promise<void>;
}
