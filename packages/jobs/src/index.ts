export type { Job, JobRequest, JobState } from './job.js';
