export { FIXED32, FIXED64, INLINE_BYTES, LENGTH_DELIMITED, VARINT, WireField } from './field.js';
export { type Handlers, type WireLimits, WireReader } from './reader.js';
export { readSpan, type Span, spanLength, spanOfBytes, spanOfFile } from './span.js';
