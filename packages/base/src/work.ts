/** How far a piece of work is. `total` is 0 while unknown. */
export interface Progress {
  readonly done: number;
  readonly total: number;
  readonly label?: string;
}

/** What long work listens to, and where it says how far it is. */
export interface Work {
  readonly signal: AbortSignal;
  progress(progress: Progress): void;
}

/** Work that nobody watches and nobody stops. */
export const idleWork = (signal: AbortSignal = new AbortController().signal): Work => ({ signal, progress: () => {} });

/** Forwards at most one report per `everyMs`, and always the last one (`done === total`). The clock is a parameter. */
export function throttleProgress(
  forward: (progress: Progress) => void,
  everyMs: number,
  now: () => number,
): (progress: Progress) => void {
  let last = Number.NEGATIVE_INFINITY;
  return (progress) => {
    const at = now();
    if (at - last < everyMs && progress.done !== progress.total) return;
    last = at;
    forward(progress);
  };
}

/** Gives the event loop a turn, so that an abort or a message can arrive during a long calculation. */
export const breathe = (): Promise<void> =>
  new Promise((resolve) => {
    const channel = new MessageChannel();
    channel.port1.onmessage = () => {
      channel.port1.close();
      resolve();
    };
    channel.port2.postMessage(0);
  });
