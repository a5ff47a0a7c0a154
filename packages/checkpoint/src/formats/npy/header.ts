import { raise, type Shape, sizeOf } from '@espalier/base';
import type { ByteSource } from '@espalier/tensor';
import { parseLiteral } from './literal.js';

/** What an npy header states. */
export interface NpyHeader {
  /** `<f4`; a structured type as the list it is written as. */
  readonly descr: string;
  readonly structured: boolean;
  readonly fortran: boolean;
  readonly shape: Shape;
  /** Offset of the first element. */
  readonly dataBegin: number;
}

/** NumPy itself refuses to parse headers above 10 000 bytes; structured types with many fields need more. */
const MAX_HEADER_BYTES = 1024 * 1024;

/** `\x93NUMPY` */
export const looksLikeNpy = (head: Uint8Array): boolean =>
  head.length >= 6 && head[0] === 0x93 && new TextDecoder('latin1').decode(head.subarray(1, 6)) === 'NUMPY';

/**
 * Reads the header of an npy file, versions 1 to 3. Source: numpy/lib/format.py.
 * Faults: `checkpoint/truncated`, `checkpoint/header-malformed`, `checkpoint/unsupported-version`.
 */
export async function readNpyHeader(source: ByteSource, signal?: AbortSignal): Promise<NpyHeader> {
  const file = source.name;
  const truncated = (expected: number): never =>
    raise({
      code: 'checkpoint/truncated',
      file,
      offset: 0,
      expected,
      found: source.sizeBytes,
      message: `The npy header ends at byte ${expected}, the file has ${source.sizeBytes}.`,
      hint: 'It may be an unfinished download.',
    });
  if (source.sizeBytes < 12) return truncated(12);
  // Most headers have 128 bytes; one read is enough for them.
  const head = await source.read(0, Math.min(256, source.sizeBytes), signal);
  if (!looksLikeNpy(head)) {
    raise({
      code: 'checkpoint/header-malformed',
      file,
      offset: 0,
      expected: '\\x93NUMPY',
      found: hex(head.subarray(0, 6)),
      message: 'The npy magic is missing.',
    });
  }
  const version = head[6]!;
  if (version < 1 || version > 3) {
    raise({
      code: 'checkpoint/unsupported-version',
      file,
      offset: 6,
      expected: '1 to 3',
      found: version,
      message: `npy version ${version} is not known.`,
    });
  }
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  const textBegin = version === 1 ? 10 : 12;
  const dataBegin = textBegin + length;
  if (length > MAX_HEADER_BYTES) {
    raise({
      code: 'checkpoint/header-too-long',
      file,
      offset: 8,
      expected: MAX_HEADER_BYTES,
      found: length,
      message: `The npy header says ${length} bytes, at most ${MAX_HEADER_BYTES} are read.`,
    });
  }
  if (dataBegin > source.sizeBytes) return truncated(dataBegin);
  const text =
    dataBegin <= head.length ? head.subarray(textBegin, dataBegin) : await source.read(textBegin, length, signal);
  return parseNpyHeader(new TextDecoder(version === 3 ? 'utf-8' : 'latin1').decode(text), dataBegin, file);
}

/** `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }` */
export function parseNpyHeader(text: string, dataBegin: number, file: string): NpyHeader {
  const malformed = (what: string): never =>
    raise({ code: 'checkpoint/header-malformed', file, offset: 10, message: `The npy header ${what}.` });
  const header = parseLiteral(text);
  if (!(header instanceof Map)) return malformed('is not a dictionary');
  const descr = header.get('descr');
  const fortran = header.get('fortran_order');
  const shape = header.get('shape');
  if (typeof descr !== 'string' && !Array.isArray(descr)) return malformed('names no element type');
  if (typeof fortran !== 'boolean') return malformed('does not state its order');
  if (
    !Array.isArray(shape) ||
    shape.length > 64 ||
    !shape.every((length) => Number.isSafeInteger(length) && length >= 0)
  ) {
    return malformed('has no shape');
  }
  const sizes = shape as number[];
  if (!Number.isSafeInteger(sizeOf(sizes.filter((length) => length > 0)))) {
    return malformed(`states the shape ${sizes.join('×')}, which has more elements than can be addressed`);
  }
  return {
    descr: typeof descr === 'string' ? descr : 'structured',
    structured: typeof descr !== 'string',
    fortran,
    shape: sizes,
    dataBegin,
  };
}

const hex = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
