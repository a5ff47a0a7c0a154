import type { Job, JobRequest, JobState } from './job.js';

/** The jobs in what a store kept. Total: whatever does not read like a job is left out. */
export function readJobs(kept: unknown): readonly Job[] {
  return Array.isArray(kept) ? kept.filter(isJob) : [];
}

const KINDS: ReadonlySet<JobState['kind']> = new Set([
  'queued',
  'running',
  'finished',
  'cancelled',
  'failed',
  'crashed',
  'interrupted',
]);

function isJob(value: unknown): value is Job {
  if (!isRecord(value)) return false;
  const { id, request, state, createdAt } = value;
  return typeof id === 'string' && typeof createdAt === 'number' && isRequest(request) && isState(state);
}

function isRequest(value: unknown): value is JobRequest {
  if (!isRecord(value)) return false;
  const { title, recipe, folder, overwrite } = value;
  return (
    typeof title === 'string' &&
    typeof recipe === 'string' &&
    typeof folder === 'string' &&
    typeof overwrite === 'boolean'
  );
}

function isState(value: unknown): value is JobState {
  if (!isRecord(value) || !KINDS.has(value['kind'] as JobState['kind'])) return false;
  switch (value['kind']) {
    case 'finished':
      return (
        typeof value['reportPath'] === 'string' &&
        Array.isArray(value['outputs']) &&
        typeof value['verdict'] === 'string'
      );
    case 'failed':
      return isRecord(value['fault']) && typeof value['fault']['message'] === 'string';
    case 'crashed':
      return typeof value['message'] === 'string';
    default:
      return true;
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
