/** What a Python literal of an npy header can be. Dictionaries are Maps. */
export type Literal = string | number | boolean | null | readonly Literal[] | ReadonlyMap<string, Literal>;

const MAX_DEPTH = 32;

/**
 * Reads a Python literal: strings, whole numbers, True, False, None, tuples, lists, and dictionaries with text keys. Nothing is evaluated.
 * undefined: the text is something else.
 */
export function parseLiteral(text: string): Literal | undefined {
  let at = 0;

  const blank = (): void => {
    while (at < text.length && ' \t\r\n'.includes(text[at]!)) at++;
  };
  const take = (wanted: string): boolean => {
    blank();
    if (!text.startsWith(wanted, at)) return false;
    at += wanted.length;
    return true;
  };

  function value(depth: number): Literal | undefined {
    blank();
    if (depth > MAX_DEPTH) return undefined;
    const first = text[at];
    if (first === "'" || first === '"') return quoted(first);
    if (take('(')) return sequence(')', depth);
    if (take('[')) return sequence(']', depth);
    if (take('{')) return dictionary(depth);
    if (take('True')) return true;
    if (take('False')) return false;
    if (take('None')) return null;
    const digits = /^-?\d{1,20}L?/.exec(text.slice(at, at + 24))?.[0];
    if (digits === undefined) return undefined;
    at += digits.length;
    return Number(digits.replace('L', ''));
  }

  function quoted(quote: string): string | undefined {
    let out = '';
    for (at++; at < text.length; at++) {
      const character = text[at]!;
      if (character === quote) {
        at++;
        return out;
      }
      if (character === '\\') at++;
      out += text[at] ?? '';
    }
    return undefined;
  }

  function sequence(end: string, depth: number): Literal[] | undefined {
    const items: Literal[] = [];
    while (!take(end)) {
      const item = value(depth + 1);
      if (item === undefined) return undefined;
      items.push(item);
      if (!take(',')) return take(end) ? items : undefined;
    }
    return items;
  }

  function dictionary(depth: number): Map<string, Literal> | undefined {
    const entries = new Map<string, Literal>();
    while (!take('}')) {
      const key = value(depth + 1);
      if (typeof key !== 'string' || !take(':')) return undefined;
      const item = value(depth + 1);
      if (item === undefined) return undefined;
      entries.set(key, item);
      if (!take(',')) return take('}') ? entries : undefined;
    }
    return entries;
  }

  const result = value(0);
  blank();
  return at === text.length ? result : undefined;
}
