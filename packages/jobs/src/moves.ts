import type { Progress } from '@espalier/base';
import type { Job, JobState } from './job.js';

/** What a running job says. */
export type RunnerEvent =
  | { readonly kind: 'progress'; readonly progress: Progress; readonly step: string }
  | {
      readonly kind: 'finished';
      readonly reportPath: string;
      readonly outputs: readonly string[];
      readonly verdict: string;
    }
  | { readonly kind: 'cancelled' }
  | Extract<JobState, { kind: 'failed' | 'crashed' }>;

/** Whether the job will never change again. */
export const hasEnded = ({ state }: Job): boolean => state.kind !== 'queued' && state.kind !== 'running';

/** The job after its runner said something; a job that ended hears nothing. */
export function heard(job: Job, event: RunnerEvent, now: number): Job {
  if (job.state.kind !== 'running') return job;
  if (event.kind !== 'progress') return { ...job, state: event, endedAt: now };
  const { progress, step } = event;
  return { ...job, state: { kind: 'running', progress, step, msLeft: msLeft(progress, now - (job.startedAt ?? now)) } };
}

/** Below this share nothing is said of the time that is left: the first parts are opening files and compiling. */
const ENOUGH = 0.03;

function msLeft({ done, total }: Progress, elapsedMs: number): number | null {
  const share = total > 0 ? done / total : 0;
  return share < ENOUGH ? null : Math.round((elapsedMs * (1 - share)) / share);
}
