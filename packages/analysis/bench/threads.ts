import { Worker } from 'node:worker_threads';
import type { Job } from './jobs.js';

/** Worker threads that do jobs on one file. */
export class Threads {
  private readonly workers: Worker[];
  private readonly waiting = new Map<number, (answer: unknown) => void>();
  private next = 0;

  constructor(path: string, count: number) {
    this.workers = Array.from({ length: count }, () => {
      const worker = new Worker(new URL('./scan.worker.js', import.meta.url), {
        workerData: { path },
        // Scans make little garbage: a small nursery keeps a thread small.
        resourceLimits: { maxYoungGenerationSizeMb: 4 },
      });
      worker.on('message', ({ id, answer }: { id: number; answer: unknown }) => {
        this.waiting.get(id)?.(answer);
        this.waiting.delete(id);
      });
      worker.on('error', (error) => {
        throw error;
      });
      return worker;
    });
  }

  /** One job for each thread; the answers in the same order. */
  run<Answer>(jobs: readonly Job[]): Promise<Answer[]> {
    return Promise.all(
      jobs.map(
        (job, i) =>
          new Promise<Answer>((resolve) => {
            const id = this.next++;
            this.waiting.set(id, resolve as (answer: unknown) => void);
            this.workers[i]!.postMessage({ id, job });
          }),
      ),
    );
  }

  async end(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.terminate()));
  }
}
