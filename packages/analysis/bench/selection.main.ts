import { select } from './selection.bench.js';
import { Threads } from './threads.js';

/** Selects on two threads, and prints the memory it took. */
const threads = new Threads(process.argv[2]!, 2);
await select(threads);
await threads.end();
process.stdout.write(JSON.stringify({ maxRssMb: (process.resourceUsage().maxRSS * 1024) / 1e6 }));
