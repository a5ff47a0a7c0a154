import type { EventDescriptor, RequestDescriptor, StreamDescriptor, StreamItemParams } from '@espalier/protocol';
import { STREAM_ITEM, trusted } from '@espalier/protocol';
import {
  CancellationTokenSource,
  type Disposable,
  EventEmitter,
  type ExtensionContext,
  env,
  type LogOutputChannel,
  l10n,
  window,
  workspace,
} from 'vscode';
import {
  CloseAction,
  ErrorAction,
  LanguageClient,
  type LanguageClientOptions,
  State,
  TransportKind,
} from 'vscode-languageclient/node';

const LANGUAGES = [
  'python',
  'typescript',
  'javascript',
  'typescriptreact',
  'javascriptreact',
  'json',
  'jsonc',
  'yaml',
  'toml',
  'markdown',
];
/** Commands that hovers of the server may link to. */
const LINKED_COMMANDS = [
  'espalier.inspect',
  'espalier.compareFiles',
  'espalier.scanFully',
  'espalier.compareWithPrevious',
];
/** A server that ends this often within `CRASH_WINDOW_MS` is not started again by itself. */
const MAX_CRASHES = 5;
const CRASH_WINDOW_MS = 3 * 60 * 1000;

/** The language server as the rest of the extension sees it. */
export interface Client {
  readonly log: LogOutputChannel;
  /** Fires when the server came up again after an unexpected end. */
  readonly onRestarted: EventEmitter<void>['event'];
  ask<Q, A>(descriptor: RequestDescriptor<Q, A>, query: Q, signal: AbortSignal): Promise<A>;
  stream<Q, Item, End>(
    descriptor: StreamDescriptor<Q, Item, End>,
    query: Q,
    signal: AbortSignal,
    onItem: (item: Item) => void,
  ): Promise<End>;
  on<Body>(descriptor: EventDescriptor<Body>, listener: (body: Body) => void): Disposable;
  notify<Body>(descriptor: EventDescriptor<Body>, body: Body): void;
  trust(): void;
  restart(): Promise<void>;
  readonly running: boolean;
  readonly processId: number | null;
}

export function createClient(context: ExtensionContext): Client {
  const log = window.createOutputChannel('Espalier', { log: true });
  const restarted = new EventEmitter<void>();
  const module = context.asAbsolutePath('dist/server.mjs');
  const threads = workspace.getConfiguration('espalier').get<number>('threads', 0);
  const crashes: number[] = [];
  const options: LanguageClientOptions = {
    documentSelector: [
      ...LANGUAGES.flatMap((language) => [
        { scheme: 'file', language },
        { scheme: 'untitled', language },
      ]),
      { notebook: '*', language: 'python' },
    ],
    outputChannel: log,
    traceOutputChannel: log,
    diagnosticCollectionName: 'espalier',
    markdown: { isTrusted: { enabledCommands: LINKED_COMMANDS }, supportHtml: false },
    initializationOptions: {
      commands: true,
      trusted: workspace.isTrusted,
      cacheFolder: `${context.globalStorageUri.fsPath}/facts`,
      locale: env.language,
      settings: workspace.getConfiguration('espalier'),
      ...(threads > 0 ? { threads } : {}),
    },
    errorHandler: {
      error: () => ({ action: ErrorAction.Continue, handled: true }),
      closed: () => {
        const now = Date.now();
        crashes.push(now);
        const recent = crashes.filter((at) => now - at < CRASH_WINDOW_MS).length;
        if (recent < MAX_CRASHES) return { action: CloseAction.Restart, handled: true };
        const restartLabel = l10n.t('Restart');
        void window
          .showErrorMessage(
            l10n.t('The Espalier language server ended {0} times in three minutes and is not started again.', recent),
            restartLabel,
          )
          .then((choice) => (choice === restartLabel ? client.start() : undefined));
        return { action: CloseAction.DoNotRestart, handled: true };
      },
    },
  };
  const client = new LanguageClient(
    'espalier',
    'Espalier',
    {
      run: { module, transport: TransportKind.ipc, options: { env: { ...process.env, NODE_OPTIONS: '' } } },
      debug: { module, transport: TransportKind.ipc, options: { execArgv: ['--inspect=6010'] } },
    },
    options,
  );
  let everRan = false;
  client.onDidChangeState(({ newState }) => {
    if (newState !== State.Running) return;
    if (everRan) restarted.fire();
    everRan = true;
  });
  let nextStream = 1;
  const streams = new Map<string, (item: unknown) => void>();
  client.onNotification(STREAM_ITEM, ({ streamId, item }: StreamItemParams) => streams.get(streamId)?.(item));
  let starting: Promise<void> | null = null;
  const ready = (): Promise<void> => {
    if (client.state === State.Running) return Promise.resolve();
    starting ??= client.start().finally(() => {
      starting = null;
    });
    return starting;
  };
  void ready().catch((error) => log.error(String(error)));

  async function send<A>(method: string, params: unknown, signal: AbortSignal): Promise<A> {
    await ready();
    signal.throwIfAborted();
    const source = new CancellationTokenSource();
    const cancel = (): void => source.cancel();
    signal.addEventListener('abort', cancel, { once: true });
    try {
      return await client.sendRequest<A>(method, params, source.token);
    } finally {
      signal.removeEventListener('abort', cancel);
      source.dispose();
    }
  }

  context.subscriptions.push(log, restarted, { dispose: () => void client.stop().catch(() => {}) });
  return {
    log,
    onRestarted: restarted.event,
    ask: (descriptor, query, signal) => send(descriptor.method, query, signal),
    async stream(descriptor, query, signal, onItem) {
      const streamId = String(nextStream++);
      streams.set(streamId, onItem as (item: unknown) => void);
      try {
        return await send(descriptor.method, { streamId, query }, signal);
      } finally {
        streams.delete(streamId);
      }
    },
    on: (descriptor, listener) => client.onNotification(descriptor.method, listener),
    notify: (descriptor, body) => void ready().then(() => client.sendNotification(descriptor.method, body)),
    trust: () => void ready().then(() => client.sendNotification(trusted.method, {})),
    restart: async () => {
      crashes.length = 0;
      await client.restart();
    },
    get running() {
      return client.state === State.Running;
    },
    get processId() {
      return (client as unknown as { _serverProcess?: { pid?: number } })._serverProcess?.pid ?? null;
    },
  };
}
