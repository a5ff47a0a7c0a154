import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Fault, fail, type Result } from '@espalier/base';
import type { TimeModels, WholeTimes } from '@espalier/service';
import { describeEnd } from './jobProcess.js';
import type { FromTimer, ToJob } from './jobWire.js';
import type { FollowRules } from './nodeFiles.js';

/** Times whole models in a process of their own, `entry` being the bundled one that calls `serveJob`: a runtime that crashes gives a fault `runtime/crashed`. */
export function timeInProcess(entry: URL, rules: () => FollowRules): TimeModels {
  return (paths, folder, { signal }) =>
    new Promise((resolve, reject) => {
      signal.throwIfAborted();
      const child = fork(fileURLToPath(entry), [], {
        execArgv: [],
        stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
        serialization: 'advanced',
      });
      let lastWords = '';
      let said = false;
      const stop = (): void => void child.kill('SIGKILL');
      signal.addEventListener('abort', stop, { once: true });
      child.stderr?.on('data', (chunk: Buffer) => {
        lastWords = `${lastWords}${chunk.toString()}`.slice(-2000);
      });
      const end = (answer: Result<WholeTimes | string | null, Fault>): void => {
        said = true;
        resolve(answer);
      };
      child.on('message', ({ answer }: FromTimer) => {
        end(answer);
        child.kill('SIGKILL');
      });
      child.on('error', (error) => end(crashed(error.message)));
      child.on('exit', (code, how) => {
        signal.removeEventListener('abort', stop);
        if (signal.aborted) reject(signal.reason);
        else if (!said) end(crashed(describeEnd(code, how, lastWords)));
      });
      const message: ToJob = { type: 'time', paths, folder, rules: rules() };
      child.send(message, () => {});
    });
}

const crashed = (how: string): Result<never, Fault> =>
  fail({ code: 'runtime/crashed', message: `The whole model was not timed: the runtime crashed. ${how}` });
