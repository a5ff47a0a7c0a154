import { type RequestDescriptor, STREAM_ITEM, type StreamDescriptor } from '@espalier/protocol';
import type { CancellationToken, Connection } from 'vscode-languageserver/node';
import { guarded } from './handle.js';

/** Answers a question of the protocol. */
export function answer<Q, A>(
  connection: Connection,
  { method }: RequestDescriptor<Q, A>,
  run: (query: Q, signal: AbortSignal) => Promise<A>,
): void {
  connection.onRequest(
    method,
    (query: Q, token: CancellationToken): Promise<unknown> =>
      guarded(connection, method, token, (signal) => run(query, signal)),
  );
}

/** Answers a question whose answer arrives in parts. */
export function answerStream<Q, Item, End>(
  connection: Connection,
  { method }: StreamDescriptor<Q, Item, End>,
  run: (query: Q, signal: AbortSignal, send: (item: Item) => void) => Promise<End>,
): void {
  connection.onRequest(
    method,
    ({ streamId, query }: { streamId: string; query: Q }, token: CancellationToken): Promise<unknown> =>
      guarded(connection, method, token, (signal) =>
        run(query, signal, (item) => void connection.sendNotification(STREAM_ITEM, { streamId, item })),
      ),
  );
}
