import { type Job, jobsChanged, listJobs } from '@espalier/protocol';
import { type Event, EventEmitter, type ExtensionContext } from 'vscode';
import type { Client } from '../client.js';

/** The jobs as the server last told them. */
export interface JobList {
  readonly jobs: readonly Job[];
  readonly onChange: Event<readonly Job[]>;
  refresh(): Promise<void>;
}

export function createJobList(context: ExtensionContext, client: Client): JobList {
  const changed = new EventEmitter<readonly Job[]>();
  let jobs: readonly Job[] = [];
  const set = (next: readonly Job[]): void => {
    jobs = next;
    changed.fire(jobs);
  };
  context.subscriptions.push(
    changed,
    client.on(jobsChanged, (body) => set(body.jobs)),
    client.onRestarted(() => void list.refresh()),
  );
  const list: JobList = {
    get jobs() {
      return jobs;
    },
    onChange: changed.event,
    async refresh() {
      set(await client.ask(listJobs, {}, new AbortController().signal));
    },
  };
  return list;
}
