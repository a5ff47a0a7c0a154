import { describeFault, throttleProgress } from '@espalier/base';
import { isSweep, type RunFailure, runRecipe, runSweep, type SweepRun, wholeModelTimes } from '@espalier/service';
import { changePorts } from './changePorts.js';
import type { FromJob, FromTimer, ToJob } from './jobWire.js';

/** Progress is told this often at most. */
const TELL_EVERY_MS = 100;

/** Entry of a job's process: runs one job, says how it ended, and waits to be ended. */
export function serveJob(version: string): void {
  const controller = new AbortController();
  const say = (event: FromJob): void => void process.send?.(event);
  process.on('message', (message: ToJob) => {
    if (message.type === 'cancel') controller.abort();
    else if (message.type === 'time') void time(message);
    else void run(message);
  });
  // The owner is gone: nobody waits for this job.
  process.on('disconnect', () => process.exit(0));

  /** A bug ends the process, and its owner says so. */
  async function time({ paths, folder, rules }: Extract<ToJob, { type: 'time' }>): Promise<void> {
    const work = { signal: controller.signal, progress: () => {} };
    const answer = await wholeModelTimes(
      paths,
      folder,
      changePorts(() => rules, version),
      work,
    );
    process.send?.({ answer } satisfies FromTimer);
  }

  async function run({ request, rules }: Extract<ToJob, { type: 'run' }>): Promise<void> {
    try {
      const work = {
        signal: controller.signal,
        progress: throttleProgress(
          (progress) => say({ kind: 'progress', progress, step: progress.label ?? '' }),
          TELL_EVERY_MS,
          () => performance.now(),
        ),
      };
      const { recipe, folder, overwrite } = request;
      const ports = changePorts(() => rules, version);
      if (isSweep(recipe)) {
        const swept = await runSweep({ recipe, folder }, ports, work);
        if (swept.ok) say(sweptEvent(swept.value));
        else say(failedEvent(swept.fault));
        return;
      }
      const answer = await runRecipe({ recipe, folder, overwrite, detail: 'full' }, ports, work);
      if (answer.ok) {
        const { output, report } = answer.value;
        const verdict =
          report?.content.verdict
            .flat()
            .map(({ text }) => text)
            .join('') ?? '';
        say({ kind: 'finished', reportPath: report?.path ?? '', outputs: output === null ? [] : [output], verdict });
      } else say(failedEvent(answer.fault));
    } catch (error) {
      if (controller.signal.aborted) say({ kind: 'cancelled' });
      else {
        const message = error instanceof Error ? (error.stack ?? error.message) : describeFault(error as never);
        process.stderr.write(`${message}\n`);
        say({ kind: 'crashed', message: error instanceof Error ? error.message : message });
      }
    }
  }
}

function sweptEvent({ report, path }: SweepRun): FromJob {
  const outputs = report.points.flatMap(({ state }) => (state.kind === 'done' ? [state.output] : []));
  return { kind: 'finished', reportPath: path, outputs, verdict: report.verdict };
}

function failedEvent(failure: RunFailure): FromJob {
  if (failure.kind === 'fault') return { kind: 'failed', fault: failure.fault };
  const [first] = failure.problems;
  return {
    kind: 'failed',
    fault: { code: first?.code ?? 'recipe/empty', message: first?.message ?? 'The recipe is empty.' },
  };
}
