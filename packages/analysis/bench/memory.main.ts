import { doJob, openFile } from './jobs.js';

/** Scans the first tensor of a file with everything asked for, and prints the memory it took. */
const opened = await openFile(process.argv[2]!);
const beforeMb = process.memoryUsage.rss() / 1e6;
await doJob(opened, { kind: 'everything', tensors: [0], options: {} });
process.stdout.write(JSON.stringify({ beforeMb, maxRssMb: (process.resourceUsage().maxRSS * 1024) / 1e6 }));
