import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { JobRunner, RunnerEvent } from '@espalier/jobs';
import type { FromJob, ToJob } from './jobWire.js';
import type { FollowRules } from './nodeFiles.js';

export interface JobProcessOptions {
  /** The bundled entry that calls `serveJob`. */
  readonly entry: URL;
  rules(): FollowRules;
  /** Memory for a job's own objects; files are read in windows outside of it. */
  readonly heapMegabytes: number;
  /** After a process ended that did not say how: what it left half-written is removed. */
  cleanUp(processId: number): Promise<void>;
  log?(message: string): void;
}

/** A process that was asked to stop and works on is ended after this time; it looks for the wish between windows. */
const PATIENCE_MS = 150;

/** Runs each job in a process of its own: a crash ends the job and nothing else. */
export function jobProcesses(options: JobProcessOptions): JobRunner {
  return {
    start(request, say) {
      const child = fork(fileURLToPath(options.entry), [], {
        execArgv: [`--max-old-space-size=${options.heapMegabytes}`],
        stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
        serialization: 'advanced',
      });
      let ended = false;
      let cancelled = false;
      let lastWords = '';
      const end = (event: RunnerEvent): void => {
        if (ended) return;
        ended = true;
        say(event);
      };
      const hear = (chunk: Buffer): void => {
        lastWords = `${lastWords}${chunk.toString()}`.slice(-2000);
        options.log?.(chunk.toString().trimEnd());
      };
      child.stdout?.on('data', hear);
      child.stderr?.on('data', hear);
      child.on('message', (event: FromJob) => {
        if (event.kind === 'progress') {
          if (!ended) say(event);
        } else {
          end(event);
          child.kill();
        }
      });
      child.on('error', (error) => end({ kind: 'crashed', message: error.message }));
      child.on('exit', (code, signal) => void left(code, signal));
      const left = async (code: number | null, signal: string | null): Promise<void> => {
        if (ended) return;
        if (child.pid !== undefined) await options.cleanUp(child.pid).catch(() => {});
        end(cancelled ? { kind: 'cancelled' } : { kind: 'crashed', message: describeEnd(code, signal, lastWords) });
      };
      tell(child, { type: 'run', request, rules: options.rules() });
      return {
        cancel() {
          cancelled = true;
          tell(child, { type: 'cancel' });
          setTimeout(() => {
            if (!ended) child.kill('SIGKILL');
          }, PATIENCE_MS).unref();
        },
      };
    },
  };
}

/** A process that is gone already hears nothing: its exit says so. */
const tell = (child: ChildProcess, message: ToJob): void => {
  if (child.connected) child.send(message, () => {});
};

/** How a process ended, for people. */
export function describeEnd(code: number | null, signal: string | null, lastWords: string): string {
  const how = signal === null ? `with code ${code}` : `by ${signal}`;
  const memory = /heap out of memory|allocation failed/i.test(lastWords) ? ' It ran out of memory.' : '';
  return `The process of the job ended ${how}.${memory}`;
}
