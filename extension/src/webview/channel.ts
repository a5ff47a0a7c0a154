import type { Envelope, EventDescriptor, RequestDescriptor } from '@espalier/protocol';
import type { Disposable, Webview } from 'vscode';
import type { Client } from '../client.js';

type Answerer = (query: unknown, signal: AbortSignal, send: (item: unknown) => void) => Promise<unknown>;

/** The host's end of a page's channel: answers what it was told to, passes the rest to the server, cancels with the page. */
export class Channel implements Disposable {
  readonly #answers = new Map<string, Answerer>();
  readonly #events = new Map<string, (body: unknown) => void>();
  readonly #running = new Map<number, AbortController>();
  readonly #subscription: Disposable;

  constructor(
    private readonly webview: Webview,
    private readonly client: Client,
  ) {
    this.#subscription = webview.onDidReceiveMessage((message: Envelope) => this.#hear(message));
  }

  /** A question that the extension itself answers. */
  answer<Q, A>(descriptor: RequestDescriptor<Q, A>, run: (query: Q, signal: AbortSignal) => Promise<A>): this {
    this.#answers.set(descriptor.method, (query, signal) => run(query as Q, signal));
    return this;
  }

  /** Questions that go to the server as they are. */
  forward(...descriptors: readonly { readonly method: string }[]): this {
    for (const { method } of descriptors) {
      this.#answers.set(method, (query, signal) => this.client.ask({ kind: 'request', method }, query, signal));
    }
    return this;
  }

  forwardStream(...descriptors: readonly { readonly method: string }[]): this {
    for (const { method } of descriptors) {
      this.#answers.set(method, (query, signal, send) =>
        this.client.stream({ kind: 'stream', method }, query, signal, send),
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
    this.#subscription.dispose();
    for (const controller of this.#running.values()) controller.abort();
    this.#running.clear();
  }

  #post(message: Envelope): void {
    void this.webview.postMessage(message);
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
    const answerer = this.#answers.get(method);
    const failed = (code: string, text: string): void =>
      this.#post({ type: 'failed', id, fault: { code, message: text } });
    if (answerer === undefined)
      return failed('host/unknown-question', `The editor does not know the question ${method}.`);
    const controller = new AbortController();
    this.#running.set(id, controller);
    try {
      const answer = await answerer(query, controller.signal, (item) => this.#post({ type: 'item', id, item }));
      this.#post({ type: 'answer', id, answer });
    } catch (error) {
      if (controller.signal.aborted) failed('host/cancelled', 'Cancelled.');
      else {
        this.client.log.error(`${method}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
        failed('host/server', 'The language server did not answer. It is being started again.');
      }
    } finally {
      this.#running.delete(id);
    }
  }
}
