import type { Progress } from '@espalier/base';
import type { TaskKind } from '@espalier/service';
import type { FollowRules } from './nodeFiles.js';

/** What the owner of a worker says to it. */
export type ToWorker =
  | { readonly type: 'rules'; readonly rules: FollowRules }
  | { readonly type: 'run'; readonly id: number; readonly kind: TaskKind; readonly query: unknown }
  | { readonly type: 'abort'; readonly id: number };

/** What a worker says to its owner. */
export type FromWorker =
  | { readonly type: 'item'; readonly id: number; readonly item: unknown }
  | { readonly type: 'progress'; readonly id: number; readonly progress: Progress }
  | { readonly type: 'answer'; readonly id: number; readonly answer: unknown }
  | { readonly type: 'aborted'; readonly id: number }
  /** A bug in a task: told, not swallowed; the worker goes on. */
  | { readonly type: 'bug'; readonly id: number; readonly message: string; readonly stack: string };
