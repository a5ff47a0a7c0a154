import type { Fault, Result } from '@espalier/base';
import type { JobRequest, RunnerEvent } from '@espalier/jobs';
import type { WholeTimes } from '@espalier/service';
import type { FollowRules } from './nodeFiles.js';

/** What the owner of a job's process says to it. */
export type ToJob =
  | { readonly type: 'run'; readonly request: JobRequest; readonly rules: FollowRules }
  | {
      readonly type: 'time';
      readonly paths: readonly string[];
      readonly folder: string;
      readonly rules: FollowRules;
    }
  | { readonly type: 'cancel' };

/** What a process says that was asked for times. */
export interface FromTimer {
  readonly answer: Result<WholeTimes | string | null, Fault>;
}

/** What the process says to its owner. */
export type FromJob = RunnerEvent;
