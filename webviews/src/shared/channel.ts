import { type Fault, FaultError } from '@espalier/base';
import type { Envelope, EventDescriptor, RequestDescriptor, StreamDescriptor } from '@espalier/protocol';

/** The way to the host and back. In VS Code it is `acquireVsCodeApi`, in a test anything. */
export interface Port {
  post(envelope: Envelope): void;
  /** Called once, before the first `post`. */
  listen(receive: (message: unknown) => void): void;
}

/** Typed questions over a port. Every promise rejects with the abort reason, or with a `FaultError` when the host fails. */
export interface Channel {
  ask<Query, Answer>(descriptor: RequestDescriptor<Query, Answer>, query: Query, signal?: AbortSignal): Promise<Answer>;
  stream<Query, Item, End>(
    descriptor: StreamDescriptor<Query, Item, End>,
    query: Query,
    onItem: (item: Item) => void,
    signal?: AbortSignal,
  ): Promise<End>;
  send<Body>(descriptor: EventDescriptor<Body>, body: Body): void;
  /** Returns the function that stops listening. */
  on<Body>(descriptor: EventDescriptor<Body>, handle: (body: Body) => void): () => void;
}

interface Waiting {
  onItem?(item: unknown): void;
  resolve(answer: unknown): void;
  reject(reason: unknown): void;
}

export function createChannel(port: Port): Channel {
  const waiting = new Map<number, Waiting>();
  const handlers = new Map<string, Set<(body: unknown) => void>>();
  let lastId = 0;

  port.listen((message) => {
    if (!isEnvelope(message)) return;
    if (message.type === 'event') {
      for (const handle of handlers.get(message.method) ?? []) handle(message.body);
      return;
    }
    // Answers to a question that was cancelled arrive late and concern nobody.
    const asked = waiting.get(message.id);
    if (asked === undefined) return;
    if (message.type === 'item') asked.onItem?.(message.item);
    else if (message.type === 'answer') {
      waiting.delete(message.id);
      asked.resolve(message.answer);
    } else if (message.type === 'failed') {
      waiting.delete(message.id);
      asked.reject(new FaultError(message.fault));
    }
  });

  function start(method: string, query: unknown, signal: AbortSignal | undefined, onItem?: (item: unknown) => void) {
    return new Promise<unknown>((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason);
        return;
      }
      const id = ++lastId;
      const cancel = (): void => {
        waiting.delete(id);
        port.post({ type: 'cancel', id });
        reject(signal?.reason);
      };
      const done =
        <T>(settle: (value: T) => void) =>
        (value: T): void => {
          signal?.removeEventListener('abort', cancel);
          settle(value);
        };
      signal?.addEventListener('abort', cancel, { once: true });
      waiting.set(id, { resolve: done(resolve), reject: done(reject), ...(onItem === undefined ? {} : { onItem }) });
      port.post({ type: 'ask', id, method, query });
    });
  }

  return {
    ask: <Query, Answer>(descriptor: RequestDescriptor<Query, Answer>, query: Query, signal?: AbortSignal) =>
      start(descriptor.method, query, signal) as Promise<Answer>,
    stream: <Query, Item, End>(
      descriptor: StreamDescriptor<Query, Item, End>,
      query: Query,
      onItem: (item: Item) => void,
      signal?: AbortSignal,
    ) => start(descriptor.method, query, signal, onItem as (item: unknown) => void) as Promise<End>,
    send: (descriptor, body) => port.post({ type: 'event', method: descriptor.method, body }),
    on: <Body>(descriptor: EventDescriptor<Body>, handle: (body: Body) => void) => {
      const set = handlers.get(descriptor.method) ?? new Set();
      handlers.set(descriptor.method, set.add(handle as (body: unknown) => void));
      return () => set.delete(handle as (body: unknown) => void);
    },
  };
}

/** Other scripts of the editor post messages to the page as well. */
function isEnvelope(message: unknown): message is Envelope {
  return typeof message === 'object' && message !== null && typeof (message as { type?: unknown }).type === 'string';
}

/** True for the rejection of a question that the asker itself gave up. */
export const isAbort = (error: unknown): boolean => error instanceof DOMException && error.name === 'AbortError';

/** What a rejection means for a person. Anything but a fault of the host is a bug of the page. */
export function faultOf(error: unknown): Fault {
  if (error instanceof FaultError) return error.fault;
  return { code: 'page/bug', message: error instanceof Error ? error.message : String(error) };
}
