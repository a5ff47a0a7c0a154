import { FaultError } from '@espalier/base';
import { type Envelope, event, request, stream } from '@espalier/protocol';
import { expect, test } from 'vitest';
import { createChannel, isAbort } from './channel.js';

const twice = request<number, number>('test/twice');
const count = stream<number, number, string>('test/count');
const news = event<string>('test/news');

function connected() {
  const sent: Envelope[] = [];
  let receive: (message: unknown) => void = () => {};
  const channel = createChannel({ post: (envelope) => sent.push(envelope), listen: (handler) => (receive = handler) });
  return { channel, sent, receive: (message: unknown) => receive(message) };
}

test('a question is answered by its own answer, whatever the order', async () => {
  const { channel, sent, receive } = connected();
  const first = channel.ask(twice, 1);
  const second = channel.ask(twice, 2);
  expect(sent).toEqual([
    { type: 'ask', id: 1, method: 'test/twice', query: 1 },
    { type: 'ask', id: 2, method: 'test/twice', query: 2 },
  ]);
  receive({ type: 'answer', id: 2, answer: 4 });
  receive({ type: 'answer', id: 1, answer: 2 });
  expect(await Promise.all([first, second])).toEqual([2, 4]);
});

test('a stream hands on its items, then its end', async () => {
  const { channel, receive } = connected();
  const items: number[] = [];
  const end = channel.stream(count, 2, (item) => items.push(item));
  receive({ type: 'item', id: 1, item: 1 });
  receive({ type: 'item', id: 1, item: 2 });
  receive({ type: 'answer', id: 1, answer: 'done' });
  expect(await end).toBe('done');
  receive({ type: 'item', id: 1, item: 3 });
  expect(items).toEqual([1, 2]);
});

test('an aborted question is cancelled at the host, rejects at once, and its late answer is ignored', async () => {
  const { channel, sent, receive } = connected();
  const controller = new AbortController();
  const answer = channel.ask(twice, 1, controller.signal);
  controller.abort();
  const reason = await answer.catch((error: unknown) => error);
  expect(isAbort(reason)).toBe(true);
  expect(sent.at(-1)).toEqual({ type: 'cancel', id: 1 });
  receive({ type: 'answer', id: 1, answer: 2 });
});

test('an abort after the answer cancels nothing', async () => {
  const { channel, sent, receive } = connected();
  const controller = new AbortController();
  const answer = channel.ask(twice, 1, controller.signal);
  receive({ type: 'answer', id: 1, answer: 2 });
  await answer;
  controller.abort();
  expect(sent.filter(({ type }) => type === 'cancel')).toEqual([]);
});

test('a question that was aborted before it was asked is not sent', async () => {
  const { channel, sent } = connected();
  await expect(channel.ask(twice, 1, AbortSignal.abort())).rejects.toThrow();
  expect(sent).toEqual([]);
});

test('a host that cannot answer rejects with its fault', async () => {
  const { channel, receive } = connected();
  const answer = channel.ask(twice, 1);
  receive({ type: 'failed', id: 1, fault: { code: 'server/gone', message: 'The server stopped.' } });
  const error = await answer.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(FaultError);
  expect((error as FaultError).fault.code).toBe('server/gone');
});

test('events reach whoever listens, until they stop; strangers on the same port are ignored', () => {
  const { channel, sent, receive } = connected();
  const heard: string[] = [];
  const stop = channel.on(news, (body) => heard.push(body));
  receive({ type: 'event', method: 'test/news', body: 'a' });
  receive({ type: 'event', method: 'test/other', body: 'b' });
  for (const stranger of [null, 'text', 7, {}, { type: 3 }, { type: 'answer', id: 99, answer: 1 }]) receive(stranger);
  stop();
  receive({ type: 'event', method: 'test/news', body: 'c' });
  expect(heard).toEqual(['a']);
  channel.send(news, 'out');
  expect(sent).toEqual([{ type: 'event', method: 'test/news', body: 'out' }]);
});
