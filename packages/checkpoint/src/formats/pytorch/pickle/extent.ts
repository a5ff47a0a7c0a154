import type { Budget } from './budget.js';
import type { Operand } from './opcodes.js';

/** Where the content of an operand lies in a window; its end may lie beyond it. */
export interface Extent {
  readonly begin: number;
  readonly end: number;
  /** The content is long and may stay in the file. */
  readonly leave?: boolean;
  /** The end is not in sight: the window needs to be larger, nobody knows by how much. */
  readonly open?: boolean;
}

/** Bytes objects longer than this stay in the file. */
const LEAVE_BYTES = 16 * 1024;

/** The extent of the operand that begins at `at`. Every length is checked before anything is read for it. */
export function extentOf(operand: Operand, bytes: Uint8Array, view: DataView, at: number, budget: Budget): Extent {
  switch (operand.kind) {
    case 'fixed':
      return { begin: at, end: at + operand.bytes };
    case 'counted': {
      const begin = at + operand.lengthBytes;
      if (begin > bytes.length) return { begin, end: begin };
      const length = lengthAt(operand.lengthBytes, view, at, budget);
      if (operand.payload && length > LEAVE_BYTES) return { begin, end: begin + length, leave: true };
      budget.check('stringBytes', length);
      return { begin, end: begin + length };
    }
    case 'lines': {
      let end = at;
      for (let line = 0; line < operand.lines; line++) {
        const feed = bytes.indexOf(0x0a, end);
        if (feed === -1) {
          budget.check('stringBytes', bytes.length - at);
          return { begin: at, end: bytes.length + 1, open: true };
        }
        end = feed + 1;
      }
      return { begin: at, end };
    }
  }
}

function lengthAt(lengthBytes: 1 | 4 | 8, view: DataView, at: number, budget: Budget): number {
  if (lengthBytes === 1) return view.getUint8(at);
  if (lengthBytes === 4) return view.getUint32(at, true);
  const length = view.getBigUint64(at, true);
  // Leaves room for adding the offset in the file.
  if (length > 2n ** 52n) budget.malformed(`A string says ${length} bytes.`);
  return Number(length);
}
