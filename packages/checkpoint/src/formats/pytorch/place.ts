import type { Fault } from '@espalier/base';
import type { ByteSource } from '@espalier/tensor';
import type { StorageRef } from './rebuild.js';

/** Where the bytes of a storage lie. */
export interface Place {
  readonly source: ByteSource;
  /** Offset of its first byte in `source`. */
  readonly begin: number;
  /** Bytes that are really there. */
  readonly bytes: number;
  readonly bigEndian: boolean;
}

/** Finds the bytes of a storage, or says why they are not there. */
export type FindStorage = (storage: StorageRef) => Promise<Place | Fault>;

export const isFault = (found: Place | Fault): found is Fault => 'code' in found;
