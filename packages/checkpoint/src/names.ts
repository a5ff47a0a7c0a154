import type { Finding } from './checkpoint.js';

/** Hands out entry names, which are unique within a checkpoint: a name that the file uses again gets a number, and a finding says so. */
export class UniqueNames {
  private readonly times = new Map<string, number>();

  constructor(
    private readonly file: string,
    private readonly findings: Finding[],
  ) {}

  take(name: string): string {
    let times = this.times.get(name);
    if (times === undefined) {
      this.times.set(name, 1);
      return name;
    }
    let unique: string;
    do unique = `${name}#${++times}`;
    while (this.times.has(unique));
    this.times.set(name, times);
    this.times.set(unique, 1);
    this.findings.push({
      code: 'checkpoint/duplicate-name',
      severity: 'warning',
      file: this.file,
      tensor: unique,
      message: `The file names two tensors ${brief(name)}. The later one is listed as ${brief(unique)}.`,
    });
    return unique;
  }
}

/** A name from a file as messages quote it: whole, unless a broken file makes it longer than anyone reads. */
export const brief = (name: string): string => (name.length <= 200 ? name : `${name.slice(0, 200)}…`);
