import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Job, JobRequest } from './job.js';
import { hasEnded, type RunnerEvent } from './moves.js';
import { createQueue, type JobQueue } from './queue.js';
import { readJobs } from './readJobs.js';

const request = (title: string): JobRequest => ({ title, recipe: 'steps: []', folder: '/work', overwrite: false });

interface Bench {
  readonly queue: JobQueue;
  readonly started: { readonly title: string; say(event: RunnerEvent): void; cancelled: boolean }[];
  readonly saved: () => readonly Job[];
  clock: number;
}

function bench(kept: readonly Job[] = [], concurrency = 1): Bench {
  let saved: readonly Job[] = [];
  const keep = (jobs: readonly Job[]): void => {
    saved = jobs;
  };
  let ids = 0;
  const self: Bench = {
    clock: 0,
    started: [],
    saved: () => saved,
    queue: createQueue({
      runner: {
        start(wanted, say) {
          const tell = (event: RunnerEvent): void => {
            self.clock++;
            say(event);
          };
          const entry = { title: wanted.title, say: tell, cancelled: false };
          self.started.push(entry);
          return { cancel: () => (entry.cancelled = true) };
        },
      },
      store: { load: async () => kept, save: async (jobs) => keep(jobs) },
      now: () => self.clock,
      newId: () => `job-${++ids}`,
      concurrency: () => concurrency,
      onChange: () => {},
    }),
  };
  return self;
}

const states = (queue: JobQueue): string[] => queue.list().map((job) => `${job.request.title} ${job.state.kind}`);

test('jobs run one after the other, in the order in which they came', () => {
  const { queue, started } = bench();
  for (const title of ['a', 'b', 'c']) queue.add(request(title));
  expect(states(queue)).toEqual(['a running', 'b queued', 'c queued']);
  expect(queue.list().map(({ state }) => (state.kind === 'queued' ? state.ahead : null))).toEqual([null, 1, 2]);
  started[0]!.say({ kind: 'finished', reportPath: '/r', outputs: ['/o'], verdict: 'done' });
  expect(states(queue)).toEqual(['b running', 'c queued', 'a finished']);
});

test('a crash or a failure ends its job alone', () => {
  const { queue, started } = bench();
  for (const title of ['a', 'b', 'c']) queue.add(request(title));
  started[0]!.say({ kind: 'crashed', message: 'signal 9' });
  started[1]!.say({ kind: 'failed', fault: { code: 'output/no-space', message: 'The disk is full.' } });
  expect(states(queue)).toEqual(['c running', 'b failed', 'a crashed']);
});

test('a queued job is cancelled at once, a running one when it says so', () => {
  const { queue, started } = bench();
  const first = queue.add(request('a'));
  const second = queue.add(request('b'));
  expect(queue.cancel(second.id)).toBe(true);
  expect(queue.cancel(first.id)).toBe(true);
  expect(started[0]!.cancelled).toBe(true);
  expect(states(queue)).toEqual(['a running', 'b cancelled']);
  started[0]!.say({ kind: 'cancelled' });
  expect(states(queue)).toEqual(['a cancelled', 'b cancelled']);
  expect(queue.cancel(first.id)).toBe(false);
  expect(queue.cancel('nothing')).toBe(false);
});

test('the time left follows from the share that is done', () => {
  const b = bench();
  b.queue.add(request('a'));
  b.clock = 99;
  b.started[0]!.say({ kind: 'progress', progress: { done: 1, total: 100 }, step: 'prune' });
  expect(b.queue.list()[0]!.state).toMatchObject({ step: 'prune', msLeft: null });
  b.clock = 999;
  b.started[0]!.say({ kind: 'progress', progress: { done: 25, total: 100 }, step: 'prune' });
  expect(b.queue.list()[0]!.state).toMatchObject({ msLeft: 3000 });
});

test('history survives a restart; what was under way was interrupted and can run again', async () => {
  const before = bench();
  before.queue.add(request('done'));
  before.started[0]!.say({ kind: 'finished', reportPath: '/r', outputs: [], verdict: '' });
  before.queue.add(request('under way'));
  before.queue.add(request('waiting'));
  await before.queue.close();
  expect(before.started[1]!.cancelled).toBe(true);
  const after = bench(readJobs(JSON.parse(JSON.stringify(before.saved()))));
  await after.queue.restore();
  expect(states(after.queue).sort()).toEqual(['done finished', 'under way interrupted', 'waiting interrupted']);
  const interrupted = after.queue.list().find((job) => job.request.title === 'waiting')!;
  expect(after.queue.rerun(interrupted.id)?.state.kind).toBe('running');
  expect(after.queue.rerun('nothing')).toBeNull();
});

test('forgetting takes ended jobs alone', () => {
  const { queue, started } = bench();
  const first = queue.add(request('a'));
  queue.add(request('b'));
  expect(queue.forget(first.id)).toBe(0);
  started[0]!.say({ kind: 'cancelled' });
  expect(queue.forget(first.id)).toBe(1);
  expect(queue.forget()).toBe(0);
  expect(states(queue)).toEqual(['b running']);
});

test('what a store kept is read whatever it holds', () => {
  fc.assert(fc.property(fc.anything(), (kept) => Array.isArray(readJobs(kept))));
  fc.assert(fc.property(fc.array(fc.anything()), (kept) => readJobs(kept).every((job) => typeof job.id === 'string')));
  const job = { id: '1', request: request('a'), state: { kind: 'cancelled' }, createdAt: 0 };
  expect(readJobs([job, { ...job, state: { kind: 'dreaming' } }, { ...job, request: null }])).toEqual([job]);
});

test('whatever happens, at most so many run, none is lost, and an ended job stays as it is', () =>
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 3 }),
      fc.array(fc.tuple(fc.constantFrom('add', 'cancel', 'finish', 'crash'), fc.nat(20)), { maxLength: 60 }),
      (concurrency, acts) => {
        const { queue, started } = bench([], concurrency);
        let added = 0;
        const ended = new Map<string, string>();
        for (const [act, at] of acts) {
          if (act === 'add') queue.add(request(String(added++)));
          else if (act === 'cancel') queue.cancel(queue.list()[at]?.id ?? '');
          else
            started[at % Math.max(1, started.length)]?.say(
              act === 'finish'
                ? { kind: 'finished', reportPath: '', outputs: [], verdict: '' }
                : { kind: 'crashed', message: '' },
            );
          const jobs = queue.list();
          expect(jobs).toHaveLength(added);
          const running = jobs.filter((job) => job.state.kind === 'running').length;
          const queued = jobs.filter((job) => job.state.kind === 'queued').length;
          expect(running).toBe(Math.min(concurrency, running + queued));
          for (const job of jobs.filter(hasEnded)) {
            expect(ended.get(job.id) ?? job.state.kind).toBe(job.state.kind);
            ended.set(job.id, job.state.kind);
          }
        }
      },
    ),
  ));
