import type { ChangeReport, FileSince, ReportFiles } from '@espalier/protocol';
import type { Files } from '../ports.js';

/** File systems keep times in steps of up to two seconds. */
const SLACK_MS = 2000;

/** What became of the files of a run since it ended. They are looked at, not read. */
export async function filesOfReport(files: Files, { plan, provenance }: ChangeReport): Promise<ReportFiles> {
  const began = Date.parse(provenance.startedAt);
  const ended = began + provenance.seconds * 1000;
  return {
    // Whoever writes to the input while it is pruned leaves something else behind as well.
    input: await since(files, plan.input.path, began),
    outputs: await Promise.all(provenance.outputs.map(({ path }) => since(files, path, ended + SLACK_MS))),
  };
}

async function since(files: Files, path: string, knownMs: number): Promise<FileSince> {
  const stat = await files.stat(path);
  if (stat === null) return 'gone';
  // A copy from elsewhere may be older than the run: only its bytes would tell, and those are many.
  return stat.modifiedMs > knownMs ? 'changed' : 'same';
}
