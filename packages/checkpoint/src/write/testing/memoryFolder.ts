import { type Fault, fail, ok } from '@espalier/base';
import type { ByteSink, OutputFolder } from '../output.js';

/** An output folder in memory. For tests. */
export class MemoryFolder implements OutputFolder {
  /** What was committed. */
  readonly files = new Map<string, Uint8Array>();
  readonly #parts = new Map<string, number[]>();
  largestWrite = 0;

  async create(name: string) {
    if (this.files.has(name))
      return fail<Fault>({ code: 'output/exists', message: 'The output exists already.', file: name });
    const bytes: number[] = [];
    this.#parts.set(name, bytes);
    const self = this;
    const sink: ByteSink = {
      get position() {
        return bytes.length;
      },
      async write(window) {
        self.largestWrite = Math.max(self.largestWrite, window.length);
        for (const byte of window) bytes.push(byte);
      },
      async patch(begin, window) {
        window.forEach((byte, i) => {
          bytes[begin + i] = byte;
        });
      },
    };
    return ok(sink);
  }

  async commit() {
    for (const [name, bytes] of this.#parts) this.files.set(name, Uint8Array.from(bytes));
    this.#parts.clear();
    return ok([...this.files].map(([name, bytes]) => ({ name, sizeBytes: bytes.length })));
  }

  async discard() {
    this.#parts.clear();
  }
}
