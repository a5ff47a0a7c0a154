/** A question and its answer under one name. Sender and receiver share the descriptor. */
export interface RequestDescriptor<Query, Answer> {
  readonly kind: 'request';
  readonly method: string;
  /** Phantom fields: they carry the types and are never set. */
  readonly query?: Query;
  readonly answer?: Answer;
}

/** A question whose answer arrives in parts: any number of items, then one end. */
export interface StreamDescriptor<Query, Item, End> {
  readonly kind: 'stream';
  readonly method: string;
  readonly query?: Query;
  readonly item?: Item;
  readonly end?: End;
}

/** News that nobody answers. */
export interface EventDescriptor<Body> {
  readonly kind: 'event';
  readonly method: string;
  readonly body?: Body;
}

export const request = <Query, Answer>(method: string): RequestDescriptor<Query, Answer> => ({
  kind: 'request',
  method,
});
export const stream = <Query, Item, End>(method: string): StreamDescriptor<Query, Item, End> => ({
  kind: 'stream',
  method,
});
export const event = <Body>(method: string): EventDescriptor<Body> => ({ kind: 'event', method });
