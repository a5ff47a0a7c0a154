import { setMaxListeners } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Priority, Runner, TaskAnswer, TaskHooks, TaskKind, TaskTypes } from '@espalier/service';
import type { FollowRules } from './nodeFiles.js';
import type { FromWorker, ToWorker } from './wire.js';

export interface PoolOptions {
  /** The bundled entry that calls `serveTasks`. */
  readonly entry: URL;
  /** Threads that read values. */
  readonly width: number;
  /** One more thread that only answers what a person looks at, so that a long scan never delays a heat map. */
  readonly interactive: boolean;
  log?(message: string): void;
}

export interface WorkerPool extends Runner {
  setRules(rules: FollowRules): void;
  /** Ends every thread; tasks under way reject. */
  close(): Promise<void>;
}

interface Job {
  readonly id: number;
  readonly kind: TaskKind;
  readonly query: unknown;
  readonly hooks: TaskHooks<TaskKind>;
  readonly priority: Priority;
  resolve(answer: TaskAnswer<TaskKind>): void;
  reject(error: unknown): void;
}

interface Lane {
  readonly interactive: boolean;
  worker: Worker | null;
  job: Job | null;
}

const ORDER: Readonly<Record<Priority, number>> = { now: 0, soon: 1, idle: 2 };

/** A pool of worker threads. Threads start with the first task; one that crashes fails its task alone and is replaced. */
export function createWorkerPool(options: PoolOptions): WorkerPool {
  const lanes: Lane[] = Array.from({ length: options.width + (options.interactive ? 1 : 0) }, (_, i) => ({
    interactive: i >= options.width,
    worker: null,
    job: null,
  }));
  let queue: Job[] = [];
  let nextId = 1;
  let rules: FollowRules = { workspaceRoots: [], trusted: false };
  let closed = false;

  const send = (worker: Worker, message: ToWorker): void => worker.postMessage(message);

  function workerOf(lane: Lane): Worker {
    if (lane.worker !== null) return lane.worker;
    const worker = new Worker(options.entry, {
      resourceLimits: { maxOldGenerationSizeMb: 1024, maxYoungGenerationSizeMb: 4 },
    });
    lane.worker = worker;
    worker.unref();
    worker.on('message', (message: FromWorker) => heard(lane, message));
    worker.on('error', (error) => options.log?.(`worker: ${error.stack ?? error.message}`));
    worker.on('exit', (code) => {
      if (lane.worker === worker) lane.worker = null;
      const job = lane.job;
      lane.job = null;
      if (job !== null && !closed) {
        job.resolve({
          ok: false,
          fault: {
            code: 'engine/crashed',
            message: `The worker that read the file ended unexpectedly (code ${code}).`,
            hint: 'The log has the details.',
          },
        });
        pump();
      }
    });
    send(worker, { type: 'rules', rules });
    return worker;
  }

  function heard(lane: Lane, message: FromWorker): void {
    const job = lane.job;
    if (job === null || job.id !== message.id) return;
    switch (message.type) {
      case 'item':
        if (!job.hooks.signal.aborted) job.hooks.onItem?.(message.item as never);
        return;
      case 'progress':
        job.hooks.onProgress?.(message.progress);
        return;
      case 'answer':
        lane.job = null;
        job.resolve(message.answer as TaskAnswer<TaskKind>);
        pump();
        return;
      case 'aborted':
        lane.job = null;
        job.reject(job.hooks.signal.reason);
        pump();
        return;
      case 'bug':
        lane.job = null;
        options.log?.(`${job.kind}: ${message.stack}`);
        job.reject(new Error(message.message));
        pump();
        return;
    }
  }

  /** Gives waiting jobs to idle lanes, the most urgent first. */
  function pump(): void {
    if (closed) return;
    for (const lane of [...lanes].reverse()) {
      if (lane.job !== null) continue;
      const at = queue.findIndex((job) => !lane.interactive || job.priority === 'now');
      if (at < 0) continue;
      const [job] = queue.splice(at, 1);
      lane.job = job!;
      send(workerOf(lane), { type: 'run', id: job!.id, kind: job!.kind, query: job!.query });
    }
    for (const lane of lanes) lane.job === null ? lane.worker?.unref() : lane.worker?.ref();
  }

  return {
    width: options.width,
    run<K extends TaskKind>(
      kind: K,
      query: TaskTypes[K]['query'],
      hooks: TaskHooks<K>,
      priority: Priority = 'soon',
    ): Promise<TaskAnswer<K>> {
      return new Promise<TaskAnswer<K>>((resolve, reject) => {
        if (hooks.signal.aborted) return reject(hooks.signal.reason);
        const { signal } = hooks;
        // One scan waits for many parts at once: that is no leak.
        setMaxListeners(0, signal);
        const settle =
          <T>(outcome: (value: T) => void) =>
          (value: T): void => {
            signal.removeEventListener('abort', abort);
            outcome(value);
          };
        const job: Job = {
          id: nextId++,
          kind,
          query,
          hooks: hooks as TaskHooks<TaskKind>,
          priority,
          resolve: settle(resolve as Job['resolve']),
          reject: settle(reject),
        };
        const abort = (): void => {
          const lane = lanes.find((candidate) => candidate.job === job);
          if (lane?.worker) send(lane.worker, { type: 'abort', id: job.id });
          else if (queue.includes(job)) {
            queue = queue.filter((waiting) => waiting !== job);
            job.reject(signal.reason);
          }
        };
        signal.addEventListener('abort', abort, { once: true });
        const at = queue.findIndex((waiting) => ORDER[waiting.priority] > ORDER[priority]);
        queue.splice(at < 0 ? queue.length : at, 0, job);
        pump();
      });
    },
    setRules(next) {
      rules = next;
      for (const lane of lanes) if (lane.worker !== null) send(lane.worker, { type: 'rules', rules });
    },
    async close() {
      closed = true;
      const ended = new Error('The worker pool was closed.');
      for (const job of queue) job.reject(ended);
      queue = [];
      for (const lane of lanes) {
        lane.job?.reject(ended);
        lane.job = null;
        await lane.worker?.terminate();
      }
    },
  };
}
