import type { JobRequest, RunnerEvent } from '@espalier/jobs';
import type { FollowRules } from './nodeFiles.js';

/** What the owner of a job's process says to it. */
export type ToJob =
  | { readonly type: 'run'; readonly request: JobRequest; readonly rules: FollowRules }
  | { readonly type: 'cancel' };

/** What the process says to its owner. */
export type FromJob = RunnerEvent;
