/** A string literal: where its inner text stands, and what it means. */
export interface Literal {
  readonly begin: number;
  readonly end: number;
  readonly text: string;
  /** The closing quote is there. */
  readonly closed: boolean;
}

const SIMPLE: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  b: '\b',
  f: '\f',
  v: '\v',
  a: '\x07',
  e: '\x1b',
  0: '\0',
};

/**
 * Undoes backslash escapes. The languages differ in rare ones only; an escape that is none keeps its backslash in Python
 * (`"models\x.pt"` on Windows is often written so) and loses it elsewhere.
 */
export function decodeEscapes(raw: string, unknown: 'keep' | 'drop'): string {
  if (!raw.includes('\\')) return raw;
  let text = '';
  for (let at = 0; at < raw.length; at++) {
    const character = raw[at]!;
    if (character !== '\\' || at + 1 >= raw.length) {
      text += character;
      continue;
    }
    const next = raw[++at]!;
    if (next === '\n') continue;
    if (next === '\\' || next === '"' || next === "'" || next === '`' || next === '/') {
      text += next === '/' && unknown === 'keep' ? '\\/' : next;
      continue;
    }
    const digits = next === 'x' ? 2 : next === 'u' ? 4 : next === 'U' ? 8 : 0;
    if (digits > 0) {
      const code = hexValue(raw, at + 1, digits);
      if (code !== null) {
        text += String.fromCodePoint(code);
        at += digits;
        continue;
      }
    }
    const simple = SIMPLE[next];
    if (simple !== undefined) text += simple;
    else text += unknown === 'keep' ? `\\${next}` : next;
  }
  return text;
}

function hexValue(raw: string, at: number, digits: number): number | null {
  if (at + digits > raw.length) return null;
  let value = 0;
  for (let index = at; index < at + digits; index++) {
    const digit = '0123456789abcdef'.indexOf(raw[index]!.toLowerCase());
    if (digit < 0) return null;
    value = value * 16 + digit;
  }
  return value <= 0x10ffff ? value : null;
}

/** The literal that spans `from`..`to`, quotes and Python prefixes included; null where no quote opens. */
export function readQuoted(text: string, from: number, to: number, language: 'python' | 'javascript'): Literal | null {
  let open = from;
  let isRaw = false;
  if (language === 'python') {
    while (open < to && 'rbufRBUF'.includes(text[open]!) && open - from < 3) {
      if (text[open] === 'r' || text[open] === 'R') isRaw = true;
      open++;
    }
  }
  const quote = text[open];
  if (open >= to || (quote !== '"' && quote !== "'" && quote !== '`')) return null;
  const isTriple = language === 'python' && to - open >= 3 && text.startsWith(quote.repeat(3), open);
  const width = isTriple ? 3 : 1;
  const begin = open + width;
  let closed = to - begin >= width && text.startsWith(quote.repeat(width), to - width);
  if (closed && isEscaped(text, begin, to - width)) closed = false;
  let end = closed ? to - width : to;
  // An unclosed literal ends with its line; some grammars count the line break in.
  if (!closed && !isTriple && quote !== '`')
    while (end > begin && (text[end - 1] === '\n' || text[end - 1] === '\r')) end--;
  const raw = text.slice(begin, end);
  return { begin, end, closed, text: isRaw ? raw : decodeEscapes(raw, language === 'python' ? 'keep' : 'drop') };
}

/** Is the character at `at` behind an odd number of backslashes? */
function isEscaped(text: string, begin: number, at: number): boolean {
  let slashes = 0;
  while (at - 1 - slashes >= begin && text[at - 1 - slashes] === '\\') slashes++;
  return slashes % 2 === 1;
}
