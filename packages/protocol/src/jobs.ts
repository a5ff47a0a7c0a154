import type { Job, JobRequest } from '@espalier/jobs';
import type { Answer } from './checkpoint.js';
import { event, request } from './request.js';

/** Puts a job into the queue. */
export const startJob = request<JobRequest, Answer<Job>>('jobs/start');
/** Cancels a job: a queued one at once, a running one within moments; what it wrote so far disappears. */
export const cancelJob = request<{ readonly id: string }, { readonly done: boolean }>('jobs/cancel');
/** Runs the same request again, as a job of its own. */
export const rerunJob = request<{ readonly id: string }, Answer<Job>>('jobs/rerun');
/** Removes ended jobs from the history; without an id all of them. Outputs stay. */
export const forgetJobs = request<{ readonly id?: string }, { readonly removed: number }>('jobs/forget');
/** Running, queued, then the history with the newest first. */
export const listJobs = request<Record<string, never>, readonly Job[]>('jobs/list');
/** The list, whenever it changed; at most ten times a second. */
export const jobsChanged = event<{ readonly jobs: readonly Job[] }>('jobs/changed');

export type { Job, JobRequest } from '@espalier/jobs';
