import type { FileHead, FileTotals, TensorFacts } from '@espalier/analysis';
import type { Finding } from '@espalier/checkpoint';

/** What is known of one version of one checkpoint. */
export interface FileFacts {
  readonly head: FileHead;
  /** Size and time of every file that belongs to it: a changed stamp makes the facts history. */
  readonly stamp: string;
  readonly facts: ReadonlyMap<string, TensorFacts>;
  readonly totals: FileTotals;
  /** Of the header and, once scanned, of the values. */
  readonly findings: readonly Finding[];
  /** Every tensor with values was read. */
  readonly complete: boolean;
  /** Some tensors were sampled. */
  readonly sampled: boolean;
}

/** The form kept on disk: maps as lists. */
export interface StoredFacts {
  readonly version: string;
  readonly stamp: string;
  readonly head: FileHead;
  readonly facts: readonly TensorFacts[];
}

declare const __ESPALIER_VERSION__: string;

/** A figure could come out differently in another version: facts on disk count only for the one that wrote them. */
export const FACTS_VERSION = `2 ${typeof __ESPALIER_VERSION__ === 'string' ? __ESPALIER_VERSION__ : 'source'}`;

export function isStoredFacts(value: unknown): value is StoredFacts {
  const candidate = value as StoredFacts | null;
  return (
    typeof candidate === 'object' &&
    candidate !== null &&
    candidate.version === FACTS_VERSION &&
    typeof candidate.stamp === 'string' &&
    typeof candidate.head === 'object' &&
    Array.isArray(candidate.facts)
  );
}
