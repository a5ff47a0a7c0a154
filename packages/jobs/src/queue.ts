import type { Job, JobRequest } from './job.js';
import { hasEnded, heard, type RunnerEvent } from './moves.js';

/** Executes one job, away from the thread that owns the queue. */
export interface JobRunner {
  /** `say` is called any number of times with progress and then exactly once with an end. */
  start(request: JobRequest, say: (event: RunnerEvent) => void): { cancel(): void };
}

/** Jobs that ended, kept over restarts. A store may forget anything. */
export interface JobStore {
  load(): Promise<readonly Job[]>;
  save(jobs: readonly Job[]): Promise<void>;
}

export interface QueuePorts {
  readonly runner: JobRunner;
  readonly store: JobStore;
  /** Milliseconds since 1970. */
  now(): number;
  newId(): string;
  /** Jobs that run at the same time; the memory of the machine is shared by them. */
  concurrency(): number;
  onChange(jobs: readonly Job[]): void;
}

export interface JobQueue {
  /** Reads the history. Jobs that were queued or running when the product was closed are `interrupted`. */
  restore(): Promise<void>;
  add(request: JobRequest): Job;
  /** A queued job is cancelled at once; a running one when its runner says so. False: there is none, or it ended. */
  cancel(id: string): boolean;
  /** The same request again. null: there is no such job. */
  rerun(id: string): Job | null;
  /** Removes ended jobs, all of them without an id. Says how many went. */
  forget(id?: string): number;
  /** Running, then queued in their order, then ended ones with the newest first. */
  list(): readonly Job[];
  /** Stops everything; running jobs stay in the history as interrupted. */
  close(): Promise<void>;
}

/** Ended jobs that are kept. */
const KEPT = 200;

/** Who runs next, who was cancelled, what happened before. Knows nothing of what runs. */
export function createQueue(ports: QueuePorts): JobQueue {
  let jobs: readonly Job[] = [];
  const running = new Map<string, { cancel(): void }>();
  let closed = false;
  let saving: Promise<void> = Promise.resolve();

  /** Running, queued (with how many are ahead), ended with the newest first. */
  function arrange(all: readonly Job[]): readonly Job[] {
    const active = all.filter((job) => job.state.kind === 'running');
    const queued = all
      .filter((job) => job.state.kind === 'queued')
      .map((job, ahead): Job => ({ ...job, state: { kind: 'queued', ahead: ahead + active.length } }));
    const ended = all.filter(hasEnded).sort((a, b) => (b.endedAt ?? 0) - (a.endedAt ?? 0));
    return [...active, ...queued, ...ended.slice(0, KEPT)];
  }

  function set(next: readonly Job[], save = true): void {
    jobs = arrange(next);
    ports.onChange(jobs);
    if (save) {
      const snapshot = jobs;
      saving = saving.then(() => ports.store.save(snapshot)).catch(() => {});
    }
  }

  const replace = (id: string, change: (job: Job) => Job, save = true): void =>
    set(
      jobs.map((job) => (job.id === id ? change(job) : job)),
      save,
    );

  function pump(): void {
    if (closed || running.size >= Math.max(1, ports.concurrency())) return;
    const next = jobs.find((job) => job.state.kind === 'queued');
    if (next === undefined) return;
    replace(next.id, (job) => ({
      ...job,
      state: { kind: 'running', progress: { done: 0, total: 0 }, step: '', msLeft: null },
      startedAt: ports.now(),
    }));
    let ended = false;
    const say = (event: RunnerEvent): void => {
      if (ended || closed) return;
      const over = event.kind !== 'progress';
      ended = over;
      if (over) running.delete(next.id);
      replace(next.id, (job) => heard(job, event, ports.now()), over);
      if (over) pump();
    };
    const handle = ports.runner.start(next.request, say);
    if (!ended) running.set(next.id, handle);
    pump();
  }

  return {
    async restore() {
      const known = await ports.store.load();
      const restored = known.map(
        (job): Job => (hasEnded(job) ? job : { ...job, state: { kind: 'interrupted' }, endedAt: ports.now() }),
      );
      set([...jobs, ...restored.filter((old) => !jobs.some((job) => job.id === old.id))], false);
    },
    add(request) {
      const job: Job = { id: ports.newId(), request, state: { kind: 'queued', ahead: 0 }, createdAt: ports.now() };
      set([...jobs.filter((known) => !hasEnded(known)), job, ...jobs.filter(hasEnded)]);
      pump();
      return jobs.find(({ id }) => id === job.id) ?? job;
    },
    cancel(id) {
      const job = jobs.find((known) => known.id === id);
      if (job === undefined || hasEnded(job)) return false;
      const handle = running.get(id);
      if (handle !== undefined) handle.cancel();
      else replace(id, (known) => ({ ...known, state: { kind: 'cancelled' }, endedAt: ports.now() }));
      return true;
    },
    rerun(id) {
      const job = jobs.find((known) => known.id === id);
      return job === undefined ? null : this.add(job.request);
    },
    forget(id) {
      const kept = jobs.filter((job) => !hasEnded(job) || (id !== undefined && job.id !== id));
      const removed = jobs.length - kept.length;
      if (removed > 0) set(kept);
      return removed;
    },
    list: () => jobs,
    async close() {
      closed = true;
      for (const handle of running.values()) handle.cancel();
      running.clear();
      jobs = jobs.map(
        (job): Job => (hasEnded(job) ? job : { ...job, state: { kind: 'interrupted' }, endedAt: ports.now() }),
      );
      const snapshot = jobs;
      saving = saving.then(() => ports.store.save(snapshot)).catch(() => {});
      await saving;
    },
  };
}
