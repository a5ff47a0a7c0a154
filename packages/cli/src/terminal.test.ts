import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { coloursOf, progressLine, type Terminal } from './terminal.js';

function terminal(options: { tty: boolean; env?: Record<string, string> }): Terminal & { readonly said: string[] } {
  const said: string[] = [];
  const stream = Object.assign(
    new Writable({
      write(chunk, _, done) {
        said.push(String(chunk));
        done();
      },
    }),
    { isTTY: options.tty },
  );
  return { out: stream, err: stream, env: options.env ?? {}, signal: new AbortController().signal, said };
}

test('progress replaces itself on a terminal and vanishes', () => {
  const place = terminal({ tty: true });
  const progress = progressLine(place);
  progress.show('10 %');
  progress.show('20 %');
  progress.clear();
  progress.clear();
  expect(place.said).toEqual(['\r\u001b[2K10 %', '\r\u001b[2K20 %', '\r\u001b[2K']);
});

test.each([[{ tty: false }], [{ tty: true, env: { CI: 'true' } }]])(
  'progress is silent where nobody watches: %j',
  (options) => {
    const place = terminal(options);
    progressLine(place).show('10 %');
    progressLine(place).clear();
    expect(place.said).toEqual([]);
  },
);

test.each([
  [{ tty: true }, true],
  [{ tty: false }, false],
  [{ tty: true, env: { NO_COLOR: '1' } }, false],
  [{ tty: true, env: { TERM: 'dumb' } }, false],
  [{ tty: false, env: { FORCE_COLOR: '1' } }, true],
])('colour with %j: %s', (options, coloured) => {
  const text = coloursOf(terminal(options)).red('x');
  expect(text !== 'x').toBe(coloured);
});
