import { type ByteSource, memorySource } from '@espalier/tensor';

/** A stretch of a file that holds one message, or the payload of one field. */
export interface Span {
  readonly source: ByteSource;
  /** First byte and the byte after the last, as offsets in `source`. */
  readonly begin: number;
  readonly end: number;
  /** The bytes of the whole span, where they are in memory already. Views of a shared window: copy what is kept. */
  readonly bytes?: Uint8Array;
}

/** The whole file as one message. */
export const spanOfFile = (source: ByteSource): Span => ({ source, begin: 0, end: source.sizeBytes });

/** A message that is in memory already, such as a value of a table; `name` is for messages about faults. */
export const spanOfBytes = (name: string, bytes: Uint8Array): Span => ({
  source: memorySource(name, bytes),
  begin: 0,
  end: bytes.length,
  bytes,
});

export const spanLength = (span: Span): number => span.end - span.begin;

/** The bytes of a span, read if they are not in memory. `maxBytes` is what the caller is willing to hold. */
export async function readSpan(span: Span, maxBytes: number, signal?: AbortSignal): Promise<Uint8Array> {
  if (span.bytes !== undefined) return span.bytes;
  return span.source.read(span.begin, Math.min(spanLength(span), maxBytes), signal);
}
