import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { RequestDescriptor, StreamDescriptor, StreamItemParams } from '@espalier/protocol';
import { STREAM_ITEM } from '@espalier/protocol';
import {
  createMessageConnection,
  type MessageConnection,
  StreamMessageReader,
  StreamMessageWriter,
} from 'vscode-jsonrpc/node';
import type { CancellationTokenSource, InitializeResult } from 'vscode-languageserver-protocol';

const launcher = fileURLToPath(new URL('../../packages/cli/bin/espalier.mjs', import.meta.url));

export interface ClientOptions {
  /** Workspace folders, absolute. */
  readonly folders?: readonly string[];
  readonly initializationOptions?: Record<string, unknown>;
  readonly capabilities?: Record<string, unknown>;
  readonly env?: Record<string, string>;
}

/** A client that speaks LSP with the real server over stdio, as any editor would. */
export class TestClient {
  readonly notifications: { readonly method: string; readonly params: unknown }[] = [];
  readonly #waiting: {
    readonly matches: (method: string, params: unknown) => boolean;
    readonly resolve: (params: unknown) => void;
  }[] = [];
  readonly #streams = new Map<string, (item: unknown) => void>();
  #nextStream = 1;

  private constructor(
    readonly child: ChildProcess,
    readonly connection: MessageConnection,
    readonly cache: string,
    public initialized: InitializeResult,
  ) {}

  static async start(options: ClientOptions = {}): Promise<TestClient> {
    if (!existsSync(fileURLToPath(new URL('../../packages/cli/dist/server.mjs', import.meta.url))))
      throw new Error('run npm run build first');
    const cache = mkdtempSync(join(tmpdir(), 'espalier-lsp-'));
    const child = spawn(process.execPath, [launcher, 'lsp', '--stdio'], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, ESPALIER_CACHE: cache, HF_HOME: join(cache, 'hf'), ...options.env },
    });
    const connection = createMessageConnection(
      new StreamMessageReader(child.stdout!),
      new StreamMessageWriter(child.stdin!),
    );
    const client = new TestClient(child, connection, cache, undefined as unknown as InitializeResult);
    connection.onNotification((method, params) => client.#heard(method, params));
    connection.onRequest('client/registerCapability', (params) => client.#heard('client/registerCapability', params));
    connection.onRequest('workspace/configuration', ({ items }: { items: unknown[] }) =>
      items.map(() => options.initializationOptions?.['settings'] ?? null),
    );
    for (const refresh of ['inlayHint', 'codeLens', 'diagnostics'])
      connection.onRequest(`workspace/${refresh}/refresh`, () => client.#heard(`workspace/${refresh}/refresh`, null));
    connection.onRequest('window/workDoneProgress/create', () => null);
    connection.listen();
    client.initialized = await connection.sendRequest('initialize', {
      processId: process.pid,
      rootUri: options.folders?.[0] === undefined ? null : pathToFileURL(options.folders[0]).href,
      workspaceFolders: (options.folders ?? []).map((folder) => ({
        uri: pathToFileURL(folder).href,
        name: folder.split('/').pop(),
      })),
      capabilities: {
        workspace: {
          inlayHint: { refreshSupport: true },
          codeLens: { refreshSupport: true },
          workspaceFolders: true,
          configuration: true,
        },
        textDocument: {
          hover: { contentFormat: ['markdown', 'plaintext'] },
          publishDiagnostics: { codeDescriptionSupport: true },
        },
        ...options.capabilities,
      },
      initializationOptions: { threads: 2, ...options.initializationOptions },
    });
    await connection.sendNotification('initialized', {});
    return client;
  }

  ask<Q, A>({ method }: RequestDescriptor<Q, A>, query: Q, token?: CancellationTokenSource): Promise<A> {
    return this.connection.sendRequest(method, query, ...(token === undefined ? [] : [token.token]));
  }

  stream<Q, Item, End>(
    { method }: StreamDescriptor<Q, Item, End>,
    query: Q,
    onItem: (item: Item) => void,
    token?: CancellationTokenSource,
  ): Promise<End> {
    const streamId = String(this.#nextStream++);
    this.#streams.set(streamId, onItem as (item: unknown) => void);
    return this.connection
      .sendRequest<End>(method, { streamId, query }, ...(token === undefined ? [] : [token.token]))
      .finally(() => this.#streams.delete(streamId));
  }

  request<A>(method: string, params: unknown): Promise<A> {
    return this.connection.sendRequest(method, params);
  }

  notify(method: string, params: unknown): Promise<void> {
    return this.connection.sendNotification(method, params);
  }

  /** Opens a text as an editor does; the file need not exist. Returns its URI. */
  async open(path: string, languageId: string, text: string): Promise<string> {
    const uri = pathToFileURL(path).href;
    await this.notify('textDocument/didOpen', { textDocument: { uri, languageId, version: 1, text } });
    return uri;
  }

  change(uri: string, version: number, text: string): Promise<void> {
    return this.notify('textDocument/didChange', { textDocument: { uri, version }, contentChanges: [{ text }] });
  }

  /** Waits for the event, not for a time: the next notification that fits, those already heard included unless `fresh`. */
  waitFor<Params>(method: string, fits: (params: Params) => boolean = () => true, fresh = false): Promise<Params> {
    const matches = (name: string, params: unknown): boolean => name === method && fits(params as Params);
    if (!fresh) {
      const heard = [...this.notifications].reverse().find((entry) => matches(entry.method, entry.params));
      if (heard !== undefined) return Promise.resolve(heard.params as Params);
    }
    return new Promise((resolve) => this.#waiting.push({ matches, resolve: resolve as (params: unknown) => void }));
  }

  async stop(): Promise<void> {
    try {
      await this.connection.sendRequest('shutdown');
      await this.connection.sendNotification('exit');
    } catch {
      // The server may be gone already: that is what some tests are about.
    }
    this.connection.dispose();
    if (this.child.exitCode === null) await new Promise((resolve) => this.child.once('exit', resolve));
    rmSync(this.cache, { recursive: true, force: true });
  }

  #heard(method: string, params: unknown): null {
    if (method === STREAM_ITEM) {
      const { streamId, item } = params as StreamItemParams;
      this.#streams.get(streamId)?.(item);
      return null;
    }
    this.notifications.push({ method, params });
    for (const waiter of this.#waiting.filter(({ matches }) => matches(method, params))) {
      this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
      waiter.resolve(params);
    }
    return null;
  }
}
