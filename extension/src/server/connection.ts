import { CancellationTokenSource, type ExtensionContext, type LogOutputChannel, l10n, window } from 'vscode';
import {
  CloseAction,
  ErrorAction,
  LanguageClient,
  LSPErrorCodes,
  ResponseError,
  State,
} from 'vscode-languageclient/node';
import { Cancelled, ServerEnded } from '../client.js';
import { clientOptions, serverOptions } from './clientOptions.js';
import { traceChannel } from './traceChannel.js';

/** A server that ends this often within `CRASH_WINDOW_MS` is not started again by itself. */
const MAX_CRASHES = 5;
const CRASH_WINDOW_MS = 3 * 60 * 1000;
/** A question is asked again when the server ended over it. One that ends the server twice is at fault itself. */
const MAX_ATTEMPTS = 2;

/** The line to the server, which is started again when it ends. */
export interface ServerConnection {
  /** Resolves when there is a server to ask, and starts one where there is none. */
  ready(): Promise<void>;
  send<A>(method: string, params: unknown, signal: AbortSignal): Promise<A>;
  notify(method: string, body: unknown): Promise<void>;
  /** One listener for each method. */
  hear(method: string, listener: (body: unknown) => void): void;
  restart(): Promise<void>;
  stop(): Promise<void>;
  readonly running: boolean;
  readonly processId: number | null;
  readonly crashes: number;
}

export function connect(
  context: ExtensionContext,
  log: LogOutputChannel,
  news: { onEnded(): void; onRestarted(): void },
): ServerConnection {
  const crashes: number[] = [];
  /** Grows whenever a server is gone: what was asked of it gets no answer any more. */
  let ended = 0;
  /** The line is cut, and the library has not yet said what it makes of it. */
  let lost = false;
  let restarting: Promise<void> = Promise.resolve();
  const report = (error: unknown): void =>
    log.error(error instanceof Error ? (error.stack ?? error.message) : String(error));

  const trace = traceChannel(log);
  context.subscriptions.push(trace);
  const client = new LanguageClient('espalier', 'Espalier', serverOptions(context), {
    ...clientOptions(context, log, trace.channel),
    errorHandler: {
      error: () => ({ action: ErrorAction.Continue, handled: true }),
      closed: () => {
        ended++;
        lost = true;
        const now = Date.now();
        crashes.push(now);
        const recent = crashes.filter((at) => now - at < CRASH_WINDOW_MS).length;
        if (recent < MAX_CRASHES) return { action: CloseAction.Restart, handled: true };
        offerRestart(recent);
        return { action: CloseAction.DoNotRestart, handled: true };
      },
    },
  });

  let everRan = false;
  client.onDidChangeState(({ newState }) => {
    lost = false;
    if (newState === State.Stopped) news.onEnded();
    if (newState !== State.Running) ended++;
    else if (everRan) news.onRestarted();
    else everRan = true;
  });

  function offerRestart(times: number): void {
    const label = l10n.t('Restart');
    void window
      .showErrorMessage(
        l10n.t('The Espalier language server ended {0} times in three minutes and is not started again.', times),
        label,
      )
      .then((choice) => (choice === label ? restart() : undefined));
  }

  async function ready(): Promise<void> {
    await restarting;
    while (lost) await stateChange(client);
    if (client.state !== State.Running) await client.start();
  }

  async function restart(): Promise<void> {
    crashes.length = 0;
    restarting = (client.state === State.Running ? client.restart() : client.start()).catch(report);
    await restarting;
  }

  async function send<A>(method: string, params: unknown, signal: AbortSignal): Promise<A> {
    for (let attempt = 1; ; attempt++) {
      await ready();
      signal.throwIfAborted();
      const before = ended;
      const source = new CancellationTokenSource();
      const cancel = (): void => source.cancel();
      signal.addEventListener('abort', cancel, { once: true });
      try {
        return await client.sendRequest<A>(method, params, source.token);
      } catch (error) {
        if (isCancelled(error)) throw new Cancelled(method);
        if (ended === before || signal.aborted) throw error;
        if (attempt === MAX_ATTEMPTS) throw new ServerEnded(`${method}: the server ended ${attempt} times over this.`);
        log.warn(`${method}: the server ended; the question is asked again.`);
      } finally {
        signal.removeEventListener('abort', cancel);
        source.dispose();
      }
    }
  }

  return {
    ready,
    send,
    restart,
    async notify(method, body) {
      await ready();
      await client.sendNotification(method, body);
    },
    hear: (method, listener) => void client.onNotification(method, listener),
    // One that is just starting cannot be stopped; it ends with the editor, whose process it watches.
    stop: () => client.stop().catch(() => {}),
    get running() {
      return client.state === State.Running;
    },
    get processId() {
      return client.serverProcess?.pid ?? null;
    },
    get crashes() {
      return crashes.length;
    },
  };
}

const stateChange = (client: LanguageClient): Promise<void> =>
  new Promise((resolve) => {
    const subscription = client.onDidChangeState(() => {
      subscription.dispose();
      resolve();
    });
  });

const isCancelled = (error: unknown): boolean =>
  error instanceof ResponseError &&
  (error.code === LSPErrorCodes.RequestCancelled || error.code === LSPErrorCodes.ServerCancelled);
