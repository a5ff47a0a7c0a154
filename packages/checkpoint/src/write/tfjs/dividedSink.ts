import { invariant } from '@espalier/base';
import type { ByteSink } from '../output.js';

/** Several files as one: what is written fills each up to its size before the next. */
export function dividedSink(files: readonly { readonly sink: ByteSink; readonly sizeBytes: number }[]): ByteSink {
  let index = 0;
  let position = 0;
  return {
    get position() {
      return position;
    },
    async write(bytes) {
      for (let at = 0; at < bytes.length; ) {
        const file = files[index];
        invariant(file !== undefined, 'more bytes than the files hold');
        const room = file.sizeBytes - file.sink.position;
        const length = Math.min(room, bytes.length - at);
        if (length > 0) await file.sink.write(bytes.subarray(at, at + length));
        at += length;
        position += length;
        if (length === room) index++;
      }
    },
    patch: () => Promise.reject(new Error('invariant: divided files are written once')),
  };
}
