import { type CancellationToken, type Connection, LSPErrorCodes, ResponseError } from 'vscode-languageserver/node';

/** The token of a request as a signal. */
export function signalOf(token: CancellationToken): AbortSignal {
  const controller = new AbortController();
  if (token.isCancellationRequested) controller.abort();
  else token.onCancellationRequested(() => controller.abort());
  return controller.signal;
}

/**
 * Runs one request. A cancelled one is answered as cancelled; a bug is logged with its method and answered as an internal error,
 * and every other request goes on.
 */
export async function guarded<T>(
  connection: Connection,
  method: string,
  token: CancellationToken,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const signal = signalOf(token);
  try {
    return await run(signal);
  } catch (error) {
    // Also when somebody else stopped what this request waits for: all scans were cancelled, a newer scan took over.
    if (signal.aborted || isAbort(error)) throw new ResponseError(LSPErrorCodes.RequestCancelled, 'cancelled');
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    connection.console.error(`${method}: ${text}`);
    throw new ResponseError(-32603, `${method} failed inside Espalier; the log has the details.`);
  }
}

const isAbort = (error: unknown): boolean => error instanceof Error && error.name === 'AbortError';
