/** The server is a bundle of its own beside this one: starting a command never loads the grammars. */
export async function startServer(): Promise<void> {
  if (!process.argv.includes('--stdio')) process.argv.push('--stdio');
  await import(new URL('./server.mjs', import.meta.url).href);
}
