import { randomUUID } from 'node:crypto';
import { dirname, resolve } from 'node:path';
import { type Fault, throttleProgress } from '@espalier/base';
import type { FollowRules } from '@espalier/host';
import { jobProcesses, jobStore, removeStaleParts } from '@espalier/host';
import { createQueue, type Job, type JobQueue, type JobRequest } from '@espalier/jobs';
import {
  type Answer,
  type ChangeReport,
  cancelJob,
  exportReport,
  forgetJobs,
  jobsChanged,
  listJobs,
  plan,
  type ReportFormat,
  report,
  reportFiles,
  rerunJob,
  type SweepReport,
  startJob,
  sweep,
} from '@espalier/protocol';
import { parseRecipe, sweepFolder, sweepPoints } from '@espalier/recipe';
import {
  changePictures,
  type Files,
  filesOfReport,
  readSweep,
  reportCsv,
  reportHtml,
  reportMarkdown,
  type Service,
  SWEEP_REPORT,
  sweepCsv,
  sweepHtml,
  sweepMarkdown,
} from '@espalier/service';
import type { Connection } from 'vscode-languageserver/node';
import { answer, answerStream } from '../lsp/requests.js';

export interface ChangeContext {
  readonly service: Service;
  readonly files: Files;
  readonly jobEntry: URL;
  readonly historyFile: string;
  rules(): FollowRules;
  log(message: string): void;
}

/** The editor hears of jobs at most this often. */
const TELL_EVERY_MS = 100;
/** Objects of a job are small: files are read in windows. */
const HEAP_MEGABYTES = 1024;
/** Reports are written by us and are small; what is larger is something else. */
const MAX_REPORT_BYTES = 64 * 1024 * 1024;

/** Plans, reports and the queue of jobs. Nothing runs in a workspace that is not trusted. */
export function registerChangeRequests(connection: Connection, context: ChangeContext): JobQueue {
  const folders = new Set<string>();
  const remember = (request: JobRequest): void => {
    for (const folder of outputFoldersOf(request)) folders.add(folder);
  };
  const tell = throttleProgress(
    () => void connection.sendNotification(jobsChanged.method, { jobs: queue.list() }),
    TELL_EVERY_MS,
    () => performance.now(),
  );
  let later: ReturnType<typeof setTimeout> | undefined;
  const queue = createQueue({
    runner: jobProcesses({
      entry: context.jobEntry,
      rules: context.rules,
      heapMegabytes: HEAP_MEGABYTES,
      cleanUp: async (processId) => {
        for (const folder of folders) await removeStaleParts(folder, processId);
      },
      log: context.log,
    }),
    store: jobStore(context.historyFile),
    now: () => Date.now(),
    newId: () => randomUUID(),
    concurrency: () => 1,
    onChange: () => {
      tell({ done: 0, total: 0 });
      // The last change is always told, also where it came right after another.
      clearTimeout(later);
      later = setTimeout(
        () => void connection.sendNotification(jobsChanged.method, { jobs: queue.list() }),
        TELL_EVERY_MS,
      );
      later.unref();
    },
  });
  // Nothing is said of jobs, and none is added, before the earlier ones are known.
  const restored = queue.restore();

  const refused: Fault = {
    code: 'job/not-trusted',
    message: 'Nothing runs in a workspace that is not trusted.',
    hint: 'Trust the workspace to prune here.',
  };
  answerStream(connection, plan, (query, signal, send) => context.service.plan(query, signal, send));
  answer(connection, report, ({ path }) => readReport(context.files, path));
  answer(connection, reportFiles, async ({ path }) => {
    const found = await readReport(context.files, path);
    return found.ok ? { ok: true, value: await filesOfReport(context.files, found.value) } : found;
  });
  answer(connection, exportReport, async ({ path, format }, signal) => {
    const compared = await readSweep(context.files, path);
    if (compared.ok) return { ok: true, value: SWEEP_TEXTS[format](compared.value) };
    const found = await readReport(context.files, path);
    if (!found.ok) return found;
    if (format !== 'html') return { ok: true, value: TEXTS[format](found.value) };
    const pictures = await changePictures(context.service, context.files, found.value, signal);
    return { ok: true, value: reportHtml(found.value, pictures) };
  });
  answer(connection, sweep, ({ path }) => readSweep(context.files, path));
  answer(connection, listJobs, async () => {
    await restored;
    return queue.list();
  });
  answer(connection, startJob, async (request): Promise<Answer<Job>> => {
    await restored;
    if (!context.rules().trusted) return { ok: false, fault: refused };
    const comparison = comparisonOf(request);
    const job = queue.add(comparison === null ? request : { ...request, comparison });
    remember(request);
    return { ok: true, value: job };
  });
  answer(connection, rerunJob, async ({ id }): Promise<Answer<Job>> => {
    await restored;
    if (!context.rules().trusted) return { ok: false, fault: refused };
    const job = queue.rerun(id);
    if (job === null)
      return { ok: false, fault: { code: 'job/unknown', message: 'The job is not in the history any more.' } };
    remember(job.request);
    return { ok: true, value: job };
  });
  answer(connection, cancelJob, async ({ id }) => ({ done: queue.cancel(id) }));
  answer(connection, forgetJobs, async ({ id }) => {
    await restored;
    return { removed: queue.forget(id) };
  });
  return queue;
}

const TEXTS: Readonly<Record<Exclude<ReportFormat, 'html'>, (report: ChangeReport) => string>> = {
  markdown: reportMarkdown,
  csv: reportCsv,
  json: (content) => `${JSON.stringify(content, null, 2)}\n`,
};

const SWEEP_TEXTS: Readonly<Record<ReportFormat, (report: SweepReport) => string>> = {
  markdown: sweepMarkdown,
  html: sweepHtml,
  csv: sweepCsv,
  json: (content) => `${JSON.stringify(content, null, 2)}\n`,
};

function comparisonOf({ recipe, folder }: JobRequest): string | null {
  const parsed = parseRecipe(recipe).recipe;
  const swept = parsed === null || parsed.sweep.length === 0 ? null : sweepFolder(parsed);
  return swept === null ? null : resolve(folder, swept, SWEEP_REPORT);
}

/** Where a job may write: what its process leaves behind lies there. A path without an ending is itself the folder. */
function outputFoldersOf({ recipe, folder }: JobRequest): readonly string[] {
  const parsed = parseRecipe(recipe);
  const outputs = parsed.recipe?.outputs ?? [];
  if (parsed.recipe !== null && parsed.recipe.sweep.length > 0) {
    const swept = sweepFolder(parsed.recipe);
    if (swept === null) return [];
    const points = outputs[0]!.path.match(/\.[a-z0-9]+$/i) === null ? sweepPoints(parsed) : [];
    return [
      swept,
      ...points.flatMap(({ text }) => parseRecipe(text).recipe?.outputs.map(({ path }) => path) ?? []),
    ].map((path) => resolve(folder, path));
  }
  return outputs.flatMap(({ path }) => [resolve(folder, path), dirname(resolve(folder, path))]);
}

async function readReport(files: Files, path: string): Promise<Answer<ChangeReport>> {
  const source = await files.open(path);
  if (!source.ok) return source;
  const damaged = (message: string): Answer<ChangeReport> => ({
    ok: false,
    fault: { code: 'job/report-damaged', message, file: source.value.name },
  });
  try {
    const { sizeBytes } = source.value;
    if (sizeBytes > MAX_REPORT_BYTES) return damaged(`It has ${sizeBytes} bytes; no report is so large.`);
    const content: unknown = JSON.parse(new TextDecoder().decode(await source.value.read(0, sizeBytes)));
    const { schemaVersion, plan: planned, verdict } = (content ?? {}) as Partial<ChangeReport>;
    if (schemaVersion !== 1 || planned === undefined || !Array.isArray(verdict))
      return damaged('It is no report of a run.');
    return { ok: true, value: content as ChangeReport };
  } catch (error) {
    return damaged(`It is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    await source.value.close();
  }
}
