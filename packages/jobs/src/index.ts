export type { Job, JobRequest, JobState } from './job.js';
export { hasEnded, type RunnerEvent } from './moves.js';
export { createQueue, type JobQueue, type JobRunner, type JobStore, type QueuePorts } from './queue.js';
export { readJobs } from './readJobs.js';
