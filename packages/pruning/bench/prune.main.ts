import { prune } from './prune.js';

/** Prunes a file in a process of its own, and prints how long it took and the memory it needed: prune.main.js FROM TO [METHOD [OPTIONS]]. */
const [from, to, method, options] = process.argv.slice(2);
const began = performance.now();
const gone = await prune(from!, to!, method, options === undefined ? {} : JSON.parse(options));
const wallMs = performance.now() - began;
const { user, system } = process.cpuUsage();
const maxRssMb = (process.resourceUsage().maxRSS * 1024) / 1e6;
process.stdout.write(JSON.stringify({ gone, wallMs, cpuMs: (user + system) / 1000, maxRssMb }));
