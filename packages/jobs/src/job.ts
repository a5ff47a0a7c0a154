import type { Fault, Progress } from '@espalier/base';

/** What somebody asked for, as plain data: a worker process gets it as it is. */
export interface JobRequest {
  /** `Prune resnet18.safetensors to 80 %`. */
  readonly title: string;
  /** The recipe's text: what is run, and what the history shows. */
  readonly recipe: string;
  /** Absolute path of the recipe where it is a file; relative paths in the recipe start from its folder, else from `folder`. */
  readonly recipePath?: string;
  readonly folder: string;
  /** Whether outputs that exist may be replaced. */
  readonly overwrite: boolean;
  /** Where a sweep keeps its comparison: it is there before the job ends, and however it does. Filled in by whoever owns the queue. */
  readonly comparison?: string;
}

export type JobState =
  | { readonly kind: 'queued'; readonly ahead: number }
  | { readonly kind: 'running'; readonly progress: Progress; readonly step: string; readonly msLeft: number | null }
  | {
      readonly kind: 'finished';
      readonly reportPath: string;
      readonly outputs: readonly string[];
      readonly verdict: string;
    }
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'failed'; readonly fault: Fault }
  /** Its process ended without an answer. */
  | { readonly kind: 'crashed'; readonly message: string }
  /** The product was closed while it ran: it can be run again. */
  | { readonly kind: 'interrupted' };

export interface Job {
  readonly id: string;
  readonly request: JobRequest;
  readonly state: JobState;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  readonly startedAt?: number;
  readonly endedAt?: number;
}
