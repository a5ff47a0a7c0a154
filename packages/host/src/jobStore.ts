import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type JobStore, readJobs } from '@espalier/jobs';

/** The history of jobs in a file. A file that is missing or damaged is an empty history. */
export function jobStore(path: string): JobStore {
  return {
    async load() {
      try {
        return readJobs(JSON.parse(await readFile(path, 'utf8')));
      } catch {
        return [];
      }
    },
    async save(jobs) {
      await mkdir(dirname(path), { recursive: true });
      const temporary = `${path}.${process.pid}.part`;
      await writeFile(temporary, JSON.stringify(jobs));
      await rename(temporary, path);
    },
  };
}
