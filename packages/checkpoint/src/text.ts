import { raise } from '@espalier/base';

/** Endings of files that never hold text. */
const BINARY = /\.(?:safetensors|gguf|ggml|onnx|tflite|pth?|ckpt|bin|h5|hdf5|keras|npy|npz)$/i;
/** This much is looked at. */
const HEAD_BYTES = 512;
/** This much is shown. */
const SHOWN_CHARACTERS = 40;

/** Raises when a page, an error message or another text stands where a model should be: failed downloads leave such files. */
export function raiseIfText(head: Uint8Array, name: string): void {
  const start = head.subarray(0, HEAD_BYTES);
  const isPage = /^\s*(?:<!doctype\s+html|<html)/i.test(new TextDecoder('latin1').decode(start));
  if (!isPage && !(BINARY.test(name) && isText(start))) return;
  const text = new TextDecoder('utf-8').decode(start).trim().replaceAll(/\s+/g, ' ');
  const shown = text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
  raise({
    code: 'checkpoint/text',
    message: `The file holds ${isPage ? 'a web page' : 'text'}, not a model: “${shown}”.`,
    file: name,
    offset: 0,
    hint: 'A download that failed may have left it: download the model again.',
  });
}

/** Printable ASCII from the first byte on. Pickles of protocol 0 are text too, and end with a full stop: they are told apart by their opcodes. */
const isText = (bytes: Uint8Array): boolean =>
  bytes.length > 0 &&
  bytes.every((byte) => (byte >= 0x20 && byte < 0x7f) || byte === 0x09 || byte === 0x0a || byte === 0x0d) &&
  !(bytes[0] === 0x28 && /^\((?:dp|lp|c)/.test(String.fromCharCode(...bytes.subarray(0, 3))));
