import type { Writable } from 'node:stream';

/** What a command may do to the outside. Tests hand over buffers. */
export interface Terminal {
  readonly out: Writable & { readonly isTTY?: boolean; readonly columns?: number };
  readonly err: Writable & { readonly isTTY?: boolean };
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

export type Paint = (text: string) => string;
export interface Colours {
  readonly bold: Paint;
  readonly dim: Paint;
  readonly blue: Paint;
  readonly yellow: Paint;
  readonly red: Paint;
  readonly green: Paint;
}

/** Colour only on a terminal, and not with `NO_COLOR` (no-color.org); `FORCE_COLOR` insists. */
export function coloursOf({ out, env }: Terminal): Colours {
  const wanted = env['FORCE_COLOR']
    ? env['FORCE_COLOR'] !== '0'
    : out.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
  const paint = (code: number): Paint =>
    wanted ? (text) => `\u001b[${code}m${text}\u001b[${code === 1 || code === 2 ? 22 : 39}m` : (text) => text;
  return { bold: paint(1), dim: paint(2), blue: paint(34), yellow: paint(33), red: paint(31), green: paint(32) };
}

/** One line on stderr that replaces itself and vanishes. Silent where stderr is not a terminal. */
export function progressLine({ err, env }: Terminal): { show(text: string): void; clear(): void } {
  if (err.isTTY !== true || env['CI']) return { show: () => {}, clear: () => {} };
  let shown = false;
  return {
    show(text) {
      shown = true;
      err.write(`\r\u001b[2K${text}`);
    },
    clear() {
      if (shown) err.write('\r\u001b[2K');
      shown = false;
    },
  };
}

/** Writes all of a text, waiting for a slow pipe. */
export const print = (stream: Writable, text: string): Promise<void> =>
  new Promise((resolve, reject) => stream.write(text, (error) => (error ? reject(error) : resolve())));
