import { spawn } from 'node:child_process';
import { type Fault, fail, ok, type Result } from '@espalier/base';

/** What a command said is kept up to here; its figure stands at the end. */
const KEPT_BYTES = 64 * 1024;

/**
 * Runs a command of the person's recipe in a shell and takes the last number that it prints on standard output. Faults: `evaluate/failed`
 * (it ended with another code than 0, or could not start), `evaluate/no-figure`. An abort ends it and everything that it started.
 */
export function evaluateCommand(command: string, folder: string, signal: AbortSignal): Promise<Result<number, Fault>> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    // A group of its own, so that an abort reaches what the shell started.
    const child = spawn(command, {
      shell: true,
      cwd: folder,
      detached: process.platform !== 'win32',
      windowsHide: true,
    });
    let out = '';
    let errors = '';
    child.stdout.on('data', (chunk: Buffer) => (out = `${out}${chunk.toString()}`.slice(-KEPT_BYTES)));
    child.stderr.on('data', (chunk: Buffer) => (errors = `${errors}${chunk.toString()}`.slice(-KEPT_BYTES)));
    const stop = (): void => {
      if (child.pid === undefined) return;
      try {
        if (process.platform === 'win32') child.kill('SIGKILL');
        else process.kill(-child.pid, 'SIGKILL');
      } catch {
        // It ended by itself meanwhile.
      }
    };
    signal.addEventListener('abort', stop, { once: true });
    const settle = (result: Result<number, Fault>): void => {
      signal.removeEventListener('abort', stop);
      if (signal.aborted) reject(signal.reason);
      else resolve(result);
    };
    const failed = (message: string): Result<number, Fault> => fail({ code: 'evaluate/failed', message });
    child.on('error', (error) => settle(failed(`The evaluate command could not be started: ${error.message}.`)));
    child.on('close', (code, endedBy) => {
      if (code !== 0) {
        const said = errors.trim().split('\n').slice(-3).join(' ');
        const how = code === null ? `was ended by ${endedBy}` : `ended with ${code}`;
        return settle(failed(`The evaluate command ${how}${said === '' ? '.' : `: ${said}`}`));
      }
      const figure = lastNumber(out);
      settle(
        figure === null
          ? fail({ code: 'evaluate/no-figure', message: 'The evaluate command printed no number.' })
          : ok(figure),
      );
    });
  });
}

/** The last number of a text: `accuracy: 92.4 %` means 92.4. */
export function lastNumber(text: string): number | null {
  const all = text.match(/[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?/gi);
  const last = all?.at(-1);
  return last === undefined ? null : Number(last);
}
