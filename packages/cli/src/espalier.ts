import { main } from './main.js';

const controller = new AbortController();
const args = process.argv.slice(2);
// The language server ends by its own protocol, and by signals as any process does.
if (args[0] !== 'lsp') for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => controller.abort());
// A reader that goes away (`espalier … | head`) ends the command quietly.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});
process.exitCode = await main(args, {
  out: process.stdout,
  err: process.stderr,
  env: process.env,
  signal: controller.signal,
});
