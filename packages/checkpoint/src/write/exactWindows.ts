/** The same bytes in windows of exactly so many each, but for the last. Each is valid until the next is asked for. */
export async function* exactWindows(windows: AsyncIterable<Uint8Array>, length: number): AsyncGenerator<Uint8Array> {
  const held = new Uint8Array(length);
  let filled = 0;
  for await (const window of windows) {
    for (let at = 0; at < window.length; ) {
      if (filled === 0 && window.length - at >= length) {
        yield window.subarray(at, at + length);
        at += length;
        continue;
      }
      const taken = Math.min(length - filled, window.length - at);
      held.set(window.subarray(at, at + taken), filled);
      filled += taken;
      at += taken;
      if (filled < length) continue;
      yield held;
      filled = 0;
    }
  }
  if (filled > 0) yield held.subarray(0, filled);
}
