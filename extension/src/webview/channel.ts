import {
  type Envelope,
  type EventDescriptor,
  pageStart,
  type Question,
  type RequestDescriptor,
} from '@espalier/protocol';
import type { Disposable, Webview } from 'vscode';
import { Cancelled, type Client, ServerEnded } from '../client.js';

type Answerer = (query: unknown, signal: AbortSignal, send: (item: unknown) => void) => Promise<unknown>;

/** The host's end of a page's channel: answers what it was told to, passes the rest to the server, cancels with the page. */
export class Channel implements Disposable {
  readonly #answers = new Map<string, Answerer>();
  readonly #events = new Map<string, (body: unknown) => void>();
  readonly #running = new Map<number, AbortController>();
  readonly #subscription: Disposable;
  readonly #webview: Webview;
  readonly #client: Client;
  #disposed = false;

  constructor(webview: Webview, client: Client) {
    this.#webview = webview;
    this.#client = client;
    this.#subscription = webview.onDidReceiveMessage((message: Envelope) => this.#hear(message));
  }

  /** A question that the extension itself answers. */
  answer<Q, A>(descriptor: RequestDescriptor<Q, A>, run: (query: Q, signal: AbortSignal) => Promise<A>): this {
    this.#answers.set(descriptor.method, (query, signal) => run(query as Q, signal));
    return this;
  }

  /** Questions that go to the server as they are. */
  forward(...questions: readonly Question[]): this {
    for (const { kind, method } of questions) {
      this.#answers.set(method, (query, signal, send) =>
        kind === 'request'
          ? this.#client.ask({ kind, method }, query, signal)
          : this.#client.stream({ kind, method }, query, signal, send),
      );
    }
    return this;
  }

  onEvent<Body>(descriptor: EventDescriptor<Body>, listener: (body: Body) => void): this {
    this.#events.set(descriptor.method, (body) => listener(body as Body));
    return this;
  }

  send<Body>(descriptor: EventDescriptor<Body>, body: Body): void {
    this.#post({ type: 'event', method: descriptor.method, body });
  }

  dispose(): void {
    this.#disposed = true;
    this.#subscription.dispose();
    this.#abandon();
  }

  #abandon(): void {
    for (const controller of this.#running.values()) controller.abort();
    this.#running.clear();
  }

  /** A page that is gone hears nothing more; asking its webview would throw. */
  #post(message: Envelope): void {
    if (!this.#disposed) void this.#webview.postMessage(message);
  }

  #hear(message: Envelope): void {
    switch (message.type) {
      case 'ask':
        void this.#ask(message);
        return;
      case 'cancel':
        this.#running.get(message.id)?.abort();
        return;
      case 'event':
        this.#events.get(message.method)?.(message.body);
        return;
      default:
        return;
    }
  }

  async #ask({ id, method, query }: Extract<Envelope, { type: 'ask' }>): Promise<void> {
    // A page that was drawn again (in another window, after a reload) has forgotten what it asked before.
    if (method === pageStart.method) this.#abandon();
    const failed = (code: string, text: string): void =>
      this.#post({ type: 'failed', id, fault: { code, message: text } });
    const answerer = this.#answers.get(method);
    if (answerer === undefined)
      return failed('host/unknown-question', `The editor does not know the question ${method}.`);
    const controller = new AbortController();
    this.#running.set(id, controller);
    try {
      const answer = await answerer(query, controller.signal, (item) => this.#post({ type: 'item', id, item }));
      this.#post({ type: 'answer', id, answer });
    } catch (error) {
      if (controller.signal.aborted || error instanceof Cancelled) return failed('host/cancelled', 'Cancelled.');
      this.#client.log.error(`${method}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      if (error instanceof ServerEnded)
        return failed(
          'host/server-ended',
          'The language server ended twice while this was asked of it. The command Espalier: Show Log tells more.',
        );
      failed('host/server', error instanceof Error ? error.message : String(error));
    } finally {
      if (this.#running.get(id) === controller) this.#running.delete(id);
    }
  }
}
