const utf8 = new TextDecoder('utf-8');
const strictUtf8 = new TextDecoder('utf-8', { fatal: true });

/** Python writes lone surrogates too; they become replacement characters. */
export const fromUtf8 = (bytes: Uint8Array): string => utf8.decode(bytes);

/** UTF-8 if it is, undefined otherwise. */
export function tryUtf8(bytes: Uint8Array): string | undefined {
  try {
    return strictUtf8.decode(bytes);
  } catch {
    return undefined;
  }
}

/** One character per byte. */
export function fromLatin1(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return text;
}

/** The bytes of a text whose characters are all below 256, otherwise undefined. */
export function toLatin1(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 255) return undefined;
    bytes[i] = code;
  }
  return bytes;
}

/** Python's `raw-unicode-escape`: \uXXXX and \UXXXXXXXX, everything else as it stands. */
export const fromRawUnicodeEscape = (text: string): string =>
  text.replace(
    /\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})/g,
    (whole, short: string | undefined, long: string | undefined) => {
      const code = Number.parseInt(short ?? long ?? '', 16);
      return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
    },
  );

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['b', '\b'],
  ['f', '\f'],
  ['v', '\v'],
  ['a', '\x07'],
  ['\\', '\\'],
  ["'", "'"],
  ['"', '"'],
]);

/** The text between the quotes of Python's `repr` of a byte string; undefined if it is not quoted. */
export function fromRepr(text: string): string | undefined {
  const quote = text[0];
  if (text.length < 2 || (quote !== "'" && quote !== '"') || !text.endsWith(quote)) return undefined;
  return text
    .slice(1, -1)
    .replace(/\\(?:x([0-9a-fA-F]{2})|([0-7]{1,3})|(.))/g, (_, hex?: string, octal?: string, one?: string) => {
      if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
      if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8) & 255);
      return ESCAPES.get(one!) ?? `\\${one}`;
    });
}

/** Two's complement, little-endian, of any length (LONG1, LONG4): a number where it is exact, else a bigint. */
export function fromLong(bytes: Uint8Array): number | bigint {
  if (bytes.length === 0) return 0;
  let hex = '';
  for (const byte of bytes) hex = byte.toString(16).padStart(2, '0') + hex;
  return narrow(BigInt.asIntN(8 * bytes.length, BigInt(`0x${hex}`)));
}

export const narrow = (value: bigint): number | bigint =>
  value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;

/** INT and LONG of protocol 0: digits, `01` and `00` for truth values of old, a trailing L for long ones. */
export function integerFromText(line: string): number | bigint | boolean | undefined {
  if (line === '01') return true;
  if (line === '00') return false;
  const digits = line.replace(/L$/, '').replace(/^\+/, '');
  return /^-?\d+$/.test(digits) ? narrow(BigInt(digits)) : undefined;
}

/** As `repr` writes a float. */
export function floatFromText(line: string): number {
  const lower = line.toLowerCase();
  if (lower === 'inf') return Number.POSITIVE_INFINITY;
  return lower === '-inf' ? Number.NEGATIVE_INFINITY : Number(line);
}
