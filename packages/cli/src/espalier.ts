import { main } from './main.js';

const controller = new AbortController();
const args = process.argv.slice(2);
// The language server ends by its own protocol, and by signals as any process does.
if (args[0] !== 'lsp') for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => controller.abort());
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // A reader that goes away (`espalier … | head`) ends the command quietly; a full disk does not.
  if (error.code === 'EPIPE') process.exit(0);
  process.stderr.write(`espalier: the output cannot be written: ${error.code ?? error.message}.\n`);
  process.exit(2);
});
process.exitCode = await main(args, {
  out: process.stdout,
  err: process.stderr,
  env: process.env,
  signal: controller.signal,
});
