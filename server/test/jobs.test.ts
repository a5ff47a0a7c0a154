import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  cancelJob,
  forgetJobs,
  type Job,
  type JobRequest,
  listJobs,
  plan,
  report,
  rerunJob,
  startJob,
  sweep,
} from '@espalier/protocol';
import { fixturePath } from '@espalier/testkit';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { TestClient } from './harness.js';

let folder = '';
let client: TestClient | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-jobs-'));
  copyFileSync(fixturePath('demo/models/resnet-tiny.safetensors'), join(folder, 'model.safetensors'));
});
afterEach(async () => {
  await client?.stop();
  client = undefined;
  rmSync(folder, { recursive: true, force: true });
});

const start = async (trusted = true, env: Record<string, string> = {}): Promise<TestClient> => {
  client = await TestClient.start({
    folders: [folder],
    initializationOptions: { trusted, cacheFolder: join(folder, '.cache/facts') },
    env,
  });
  return client;
};

const RECIPE =
  'input: model.safetensors\nsteps:\n  - prune: { method: magnitude, sparsity: 0.8 }\noutput: out/pruned.safetensors\n';
const request = (more: Partial<JobRequest> = {}): JobRequest => ({
  title: 'Prune model.safetensors',
  recipe: RECIPE,
  folder,
  overwrite: false,
  ...more,
});

/** Waits until a job is in one of some states. */
async function until(running: TestClient, id: string, ...kinds: Job['state']['kind'][]): Promise<Job> {
  for (;;) {
    const job = (await running.ask(listJobs, {})).find((known) => known.id === id);
    if (job !== undefined && kinds.includes(job.state.kind)) return job;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const started = async (running: TestClient, wanted: JobRequest): Promise<Job> => {
  const answer = await running.ask(startJob, wanted);
  if (!answer.ok) throw new Error(answer.fault.message);
  return answer.value;
};

/** A sparse file of zeros that takes seconds to work on. */
function largeModel(bytes: number): void {
  const header = JSON.stringify({
    'fc.weight': { dtype: 'F32', shape: [bytes / 4096, 1024], data_offsets: [0, bytes] },
  }).padEnd(120);
  const start = Buffer.alloc(8 + header.length);
  start.writeBigUInt64LE(BigInt(header.length));
  start.write(header, 8);
  writeFileSync(join(folder, 'large.safetensors'), start);
  truncateSync(join(folder, 'large.safetensors'), start.length + bytes);
}

test('a job runs in the background, writes its output and a report that can be read', async () => {
  const running = await start();
  const job = await started(running, request());
  const done = await until(running, job.id, 'finished', 'failed', 'crashed');
  expect(done.state).toMatchObject({ kind: 'finished', outputs: [join(folder, 'out/pruned.safetensors')] });
  expect(done.state.kind === 'finished' && done.state.verdict).toMatch(/^80\.0 % of 271,380 weights are zero/);
  const answer = await running.ask(report, { path: done.state.kind === 'finished' ? done.state.reportPath : '' });
  expect(answer).toMatchObject({
    ok: true,
    value: { schemaVersion: 1, plan: { totals: { prunableZeros: { after: 217_104 } } } },
  });
  expect(running.notifications.some(({ method }) => method === 'jobs/changed')).toBe(true);
  // The output exists: another run needs consent.
  const again = await started(running, request());
  expect((await until(running, again.id, 'failed')).state).toMatchObject({ fault: { code: 'output/exists' } });
  const replaced = await started(running, request({ overwrite: true }));
  expect((await until(running, replaced.id, 'finished', 'failed')).state.kind).toBe('finished');
});

test('a cancelled job leaves nothing, and the next one runs', async () => {
  largeModel(2_000_000_000);
  const running = await start();
  const recipe = RECIPE.replace('model.safetensors', 'large.safetensors');
  const large = await started(running, request({ recipe }));
  const next = await started(running, request());
  expect(next.state).toEqual({ kind: 'queued', ahead: 1 });
  await until(running, large.id, 'running');
  expect(await running.ask(cancelJob, { id: large.id })).toEqual({ done: true });
  expect((await until(running, large.id, 'cancelled', 'finished', 'crashed', 'failed')).state.kind).toBe('cancelled');
  expect((await until(running, next.id, 'finished', 'failed')).state.kind).toBe('finished');
  expect(readdirSync(join(folder, 'out')).sort()).toEqual(['pruned.safetensors', 'pruned.safetensors.report.json']);
});

test('a job whose process is killed is said to have crashed; the queue goes on and nothing half-written stays', async () => {
  largeModel(2_000_000_000);
  const running = await start();
  const job = await started(running, request({ recipe: RECIPE.replace('model.safetensors', 'large.safetensors') }));
  await until(running, job.id, 'running');
  const children = readFileSync(`/proc/${running.child.pid}/task/${running.child.pid}/children`, 'utf8')
    .trim()
    .split(' ');
  process.kill(Number(children.at(-1)), 'SIGKILL');
  const crashed = await until(running, job.id, 'crashed', 'finished', 'failed');
  expect(crashed.state).toEqual({ kind: 'crashed', message: 'The process of the job ended by SIGKILL.' });
  const next = await started(running, request());
  expect((await until(running, next.id, 'finished', 'failed')).state.kind).toBe('finished');
  expect(readdirSync(join(folder, 'out')).filter((name) => name.endsWith('.part'))).toEqual([]);
});

const SWEEP =
  'input: model.safetensors\nsteps:\n  - prune: magnitude\noutput: out/pruned.safetensors\nsweep: { sparsity: [0.5, 0.6, 0.7, 0.8, 0.9] }\n';
const COMPARISON = 'out/pruned.sweep/sweep.json';

/** How many points of the sweep are finished, by the file that its job writes. */
async function finishedPoints(running: TestClient): Promise<readonly string[]> {
  const answer = await running.ask(sweep, { path: join(folder, COMPARISON) });
  return answer.ok ? answer.value.points.flatMap(({ state }) => (state.kind === 'done' ? [state.output] : [])) : [];
}

test('a sweep is one job: cancelled it keeps the points that are finished, and run again it goes on from there', async () => {
  const running = await start();
  const job = await started(running, request({ recipe: SWEEP }));
  while ((await finishedPoints(running)).length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
  await running.ask(cancelJob, { id: job.id });
  expect((await until(running, job.id, 'cancelled', 'finished', 'crashed', 'failed')).state.kind).toBe('cancelled');
  const [cancelled] = await running.ask(listJobs, {});
  expect(cancelled!.request.comparison).toBe(join(folder, COMPARISON));
  const kept = await finishedPoints(running);
  expect(kept.length).toBeGreaterThanOrEqual(2);
  expect(kept.length).toBeLessThan(5);
  expect(readdirSync(join(folder, 'out/pruned.sweep')).filter((name) => name.endsWith('.part'))).toEqual([]);
  const writtenAt = kept.map((path) => statSync(path).mtimeMs);
  // Also after the product was closed meanwhile.
  await running.stop();
  const second = await start();
  const again = await second.ask(rerunJob, { id: job.id });
  if (!again.ok) throw new Error(again.fault.message);
  const done = await until(second, again.value.id, 'finished', 'failed', 'crashed');
  expect(done.state).toMatchObject({ kind: 'finished', reportPath: join(folder, COMPARISON) });
  expect(done.state.kind === 'finished' && done.state.verdict).toMatch(
    /^5 of 5 points; 50\.0 to 90\.0 % of the weights zero; /,
  );
  const all = await finishedPoints(second);
  expect(all).toHaveLength(5);
  expect(all).toEqual(expect.arrayContaining([...kept]));
  expect(kept.map((path) => statSync(path).mtimeMs)).toEqual(writtenAt);
});

test('a comparison that is none is said to be damaged', async () => {
  const running = await start();
  writeFileSync(join(folder, 'sweep.json'), '{}');
  expect(await running.ask(sweep, { path: join(folder, 'sweep.json') })).toMatchObject({
    ok: false,
    fault: { code: 'job/report-damaged' },
  });
  expect(await running.ask(sweep, { path: join(folder, 'none.json') })).toMatchObject({
    ok: false,
    fault: { code: 'path/not-found' },
  });
});

test('the history survives a restart; ended jobs can run again and be forgotten', async () => {
  const first = await start();
  const job = await started(first, request());
  await until(first, job.id, 'finished');
  await first.stop();
  const second = await start();
  const kept = await until(second, job.id, 'finished');
  expect(kept.request).toEqual(request());
  const again = await second.ask(rerunJob, { id: job.id });
  if (!again.ok) throw new Error();
  expect((await until(second, again.value.id, 'failed')).state).toMatchObject({ fault: { code: 'output/exists' } });
  expect(await second.ask(forgetJobs, {})).toEqual({ removed: 2 });
  expect(await second.ask(listJobs, {})).toEqual([]);
  expect(await second.ask(rerunJob, { id: job.id })).toMatchObject({ ok: false, fault: { code: 'job/unknown' } });
});

test('nothing runs where the workspace is not trusted; a plan may be seen', async () => {
  const running = await start(false);
  expect(await running.ask(startJob, request())).toMatchObject({ ok: false, fault: { code: 'job/not-trusted' } });
  const items: unknown[] = [];
  const answer = await running.stream(plan, { recipe: RECIPE, folder }, (item) => items.push(item));
  expect(answer).toMatchObject({ kind: 'plan', plan: { totals: { prunableZeros: { before: 0, after: 217_104 } } } });
  expect(items.filter((item) => (item as { kind: string }).kind === 'layer').length).toBeGreaterThan(50);
  expect(existsSync(join(folder, 'out'))).toBe(false);
});

test('what is no report is said to be none', async () => {
  const running = await start();
  writeFileSync(join(folder, 'a.json'), '{"schemaVersion":1}');
  writeFileSync(join(folder, 'b.json'), 'text');
  for (const name of ['a.json', 'b.json', 'model.safetensors'])
    expect(await running.ask(report, { path: join(folder, name) })).toMatchObject({
      ok: false,
      fault: { code: 'job/report-damaged' },
    });
  expect(await running.ask(report, { path: join(folder, 'none.json') })).toMatchObject({
    ok: false,
    fault: { code: 'path/not-found' },
  });
});
