import { parentPort, workerData } from 'node:worker_threads';
import { doJob, type Job, openFile } from './jobs.js';

/** A thread that keeps one file open and does jobs on it. */
const opened = openFile(workerData.path as string);
parentPort!.on('message', async ({ id, job }: { id: number; job: Job }) => {
  parentPort!.postMessage({ id, answer: await doJob(await opened, job) });
});
