import type { Span, WireReader } from '../../protobuf/index.js';

/** Texts of the metadata are cut at this length: they are for people. */
const METADATA_CHARS = 2_000;

/** StringStringEntryProto. A value that is too long for people is cut. */
export async function readPair(reader: WireReader, span: Span): Promise<[string, string]> {
  let key = '';
  let value = '';
  reader.keep(1, span);
  await reader.message(span, {
    1: (field) => {
      key = field.text();
    },
    2: (field) => {
      value =
        field.payload === undefined ? `(${field.end - field.begin} bytes)` : field.text().slice(0, METADATA_CHARS);
    },
  });
  return [key, value];
}
