import type { EventDescriptor, RequestDescriptor, StreamDescriptor, StreamItemParams } from '@espalier/protocol';
import { STREAM_ITEM, trusted } from '@espalier/protocol';
import {
  type Disposable,
  type Event,
  EventEmitter,
  type ExtensionContext,
  type LogOutputChannel,
  window,
} from 'vscode';
import type { ServerConnection } from './server/connection.js';

/** The server ended while it was asked, as often as it was asked. */
export class ServerEnded extends Error {}
/** Stopped by somebody other than the asker: all scans were cancelled, or a newer question took over. */
export class Cancelled extends Error {}

/** The language server as the rest of the extension sees it. */
export interface Client {
  readonly log: LogOutputChannel;
  /** Fires when a server is gone: what it was doing, nobody does any more. */
  readonly onEnded: Event<void>;
  /** Fires when a server is up again after another was gone. */
  readonly onRestarted: Event<void>;
  /** Rejects with `ServerEnded` when no server lived long enough to answer, with `Cancelled` when another stopped it. */
  ask<Q, A>(descriptor: RequestDescriptor<Q, A>, query: Q, signal: AbortSignal): Promise<A>;
  /** Items may come twice: when the server ended, the question is asked again. */
  stream<Q, Item, End>(
    descriptor: StreamDescriptor<Q, Item, End>,
    query: Q,
    signal: AbortSignal,
    onItem: (item: Item) => void,
  ): Promise<End>;
  on<Body>(descriptor: EventDescriptor<Body>, listener: (body: Body) => void): Disposable;
  notify<Body>(descriptor: EventDescriptor<Body>, body: Body): void;
  /** News of a file that no watcher of the server sees. */
  fileChanged(uri: string, kind: 'created' | 'changed' | 'deleted'): void;
  trust(): void;
  restart(): Promise<void>;
  stop(): Promise<void>;
  readonly running: boolean;
  readonly processId: number | null;
  /** How many servers ended unexpectedly. */
  readonly crashes: number;
}

/** `FileChangeType` of the Language Server Protocol. */
const FILE_CHANGES = { created: 1, changed: 2, deleted: 3 };

/** Starts the server in the background. The library that speaks to it is loaded after activation, not during it. */
export function createClient(context: ExtensionContext): Client {
  const log = window.createOutputChannel('Espalier', { log: true });
  const ended = new EventEmitter<void>();
  const restarted = new EventEmitter<void>();
  const listeners = new Map<string, Set<(body: unknown) => void>>();
  const report = (error: unknown): void =>
    log.error(error instanceof Error ? (error.stack ?? error.message) : String(error));

  let known: ServerConnection | undefined;
  let connecting: Promise<ServerConnection> | undefined;
  const connection = (): Promise<ServerConnection> => {
    connecting ??= import('./server/connection.js').then(({ connect }) => {
      known = connect(context, log, { onEnded: () => ended.fire(), onRestarted: () => restarted.fire() });
      for (const method of listeners.keys()) known.hear(method, (body) => tell(method, body));
      return known;
    });
    return connecting;
  };
  setImmediate(
    () =>
      void connection()
        .then((server) => server.ready())
        .catch(report),
  );

  function tell(method: string, body: unknown): void {
    for (const listener of [...(listeners.get(method) ?? [])]) listener(body);
  }

  /** The library keeps one listener for each kind of news; several pages listen to the same. */
  function listen(method: string, listener: (body: unknown) => void): Disposable {
    let all = listeners.get(method);
    if (all === undefined) {
      all = new Set();
      listeners.set(method, all);
      known?.hear(method, (body) => tell(method, body));
    }
    const everybody = all.add(listener);
    return { dispose: () => everybody.delete(listener) };
  }

  async function send<A>(method: string, params: unknown, signal: AbortSignal): Promise<A> {
    const server = await connection();
    return server.send<A>(method, params, signal);
  }

  const notify = (method: string, body: unknown): void =>
    void connection()
      .then((server) => server.notify(method, body))
      .catch(report);

  let nextStream = 1;
  const streams = new Map<string, (item: unknown) => void>();
  listen(STREAM_ITEM, (body) => {
    const { streamId, item } = body as StreamItemParams;
    streams.get(streamId)?.(item);
  });

  context.subscriptions.push(log, ended, restarted);
  return {
    log,
    onEnded: ended.event,
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
    on: <Body>(descriptor: EventDescriptor<Body>, listener: (body: Body) => void) =>
      listen(descriptor.method, (body) => listener(body as Body)),
    notify: (descriptor, body) => notify(descriptor.method, body),
    fileChanged: (uri, kind) =>
      notify('workspace/didChangeWatchedFiles', { changes: [{ uri, type: FILE_CHANGES[kind] }] }),
    trust: () => notify(trusted.method, {}),
    restart: async () => (await connection()).restart(),
    stop: async () => known?.stop(),
    get running() {
      return known?.running ?? false;
    },
    get processId() {
      return known?.processId ?? null;
    },
    get crashes() {
      return known?.crashes ?? 0;
    },
  };
}
