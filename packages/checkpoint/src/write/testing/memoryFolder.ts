import { type Fault, fail, ok } from '@espalier/base';
import type { ByteSink, OutputFolder } from '../output.js';

/** An output folder in memory. For tests. */
export class MemoryFolder implements OutputFolder {
  /** What was committed. */
  readonly files = new Map<string, Uint8Array>();
  readonly #parts = new Map<string, Growing>();
  largestWrite = 0;

  async create(name: string) {
    if (this.files.has(name))
      return fail<Fault>({ code: 'output/exists', message: 'The output exists already.', file: name });
    const part = new Growing();
    this.#parts.set(name, part);
    const sink: ByteSink = {
      get position() {
        return part.length;
      },
      write: async (window) => {
        this.largestWrite = Math.max(this.largestWrite, window.length);
        part.append(window);
      },
      patch: async (begin, window) => part.bytes.set(window, begin),
    };
    return ok(sink);
  }

  async commit() {
    for (const [name, part] of this.#parts) this.files.set(name, part.bytes.slice(0, part.length));
    this.#parts.clear();
    return ok([...this.files].map(([name, bytes]) => ({ name, sizeBytes: bytes.length })));
  }

  async discard() {
    this.#parts.clear();
  }
}

class Growing {
  bytes = new Uint8Array(1024);
  length = 0;

  append(window: Uint8Array): void {
    if (this.length + window.length > this.bytes.length) {
      const larger = new Uint8Array(2 * (this.length + window.length));
      larger.set(this.bytes);
      this.bytes = larger;
    }
    this.bytes.set(window, this.length);
    this.length += window.length;
  }
}
