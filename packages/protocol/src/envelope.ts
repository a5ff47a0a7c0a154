import type { Fault } from '@espalier/base';

/** What passes between a page and its host by postMessage. `id` belongs to the sender of `ask`. */
export type Envelope =
  | { readonly type: 'ask'; readonly id: number; readonly method: string; readonly query: unknown }
  | { readonly type: 'item'; readonly id: number; readonly item: unknown }
  | { readonly type: 'answer'; readonly id: number; readonly answer: unknown }
  /** The host could not answer at all (server gone, bug); faults of files travel inside answers. */
  | { readonly type: 'failed'; readonly id: number; readonly fault: Fault }
  | { readonly type: 'cancel'; readonly id: number }
  | { readonly type: 'event'; readonly method: string; readonly body: unknown };

/** Items of streams over LSP: a notification that carries the id that the request's params named. */
export interface StreamItemParams {
  readonly streamId: string;
  readonly item: unknown;
}
export const STREAM_ITEM = 'espalier/streamItem';
