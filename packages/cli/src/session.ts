import { cpus } from 'node:os';
import { join } from 'node:path';
import {
  createWorkerPool,
  defaultCacheFolder,
  describeMachine,
  diskCache,
  modelTimer,
  nodeFiles,
} from '@espalier/host';
import { createService, type Service } from '@espalier/service';
import type { Terminal } from './terminal.js';

/** The process in which code runs that may crash: runtimes of models. */
export const JOB_ENTRY = new URL('./job.mjs', import.meta.url);

export const TRUSTED = () => ({ workspaceRoots: [], trusted: true });

export interface SessionOptions {
  readonly threads?: number;
  readonly nearZeroRatio: number;
  readonly cache: boolean;
}

/** The service with this process's files and threads. A person who names a file at the prompt trusts its folder. */
export function openSession(terminal: Terminal, options: SessionOptions): { service: Service; close(): Promise<void> } {
  const width = options.threads ?? Math.max(1, Math.min(8, cpus().length));
  const pool = createWorkerPool({
    entry: new URL('./worker.mjs', import.meta.url),
    width,
    interactive: false,
    log: (message) => {
      if (terminal.env['ESPALIER_DEBUG']) terminal.err.write(`${message}\n`);
    },
  });
  pool.setRules(TRUSTED());
  const service = createService({
    files: nodeFiles(TRUSTED),
    runner: pool,
    machine: describeMachine(),
    // In the current folder: code that lies beside a model that somebody downloaded is not run.
    modelTimer: modelTimer(JOB_ENTRY, TRUSTED, () => process.cwd()),
    now: () => performance.now(),
    settings: () => ({ limitBytes: Number.POSITIVE_INFINITY, nearZeroRatio: options.nearZeroRatio }),
    ...(options.cache ? { cache: diskCache(join(defaultCacheFolder(), 'facts')) } : {}),
  });
  return { service, close: () => pool.close() };
}
