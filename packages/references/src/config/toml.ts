import { decodeEscapes, type Literal } from '../literal.js';
import type { JsonVisitor } from './json.js';

/**
 * Walks TOML, finished or half-typed. The published parsers stop at the first mistake; this one reads line by line as TOML
 * itself is made, so that an unclosed string costs its line and an unclosed list ends at the next `key =` or `[table]`.
 */
export function walkToml(text: string, visitor: JsonVisitor): void {
  new TomlWalker(text, visitor).document();
}

/** Lists and inline tables that are nested deeper are passed over. */
const MOST_DEPTH = 128;

class TomlWalker {
  private at = 0;
  private table: readonly string[] = [];
  /** An unclosed list ended where the next statement begins. */
  private atStatement = false;

  constructor(
    private readonly text: string,
    private readonly visitor: JsonVisitor,
  ) {}

  document(): void {
    while (this.at < this.text.length) {
      this.skipBlank(true);
      if (this.at >= this.text.length) return;
      const start = this.at;
      if (this.text[this.at] === '[') this.header();
      else this.pair(this.table, 0);
      if (!this.atStatement) this.skipLine();
      this.atStatement = false;
      // Whatever stands there, the walk goes on.
      if (this.at === start) this.at++;
    }
  }

  /** `[a.b]` and `[[a.b]]`. */
  private header(): void {
    while (this.text[this.at] === '[') this.at++;
    this.table = this.keyParts()?.map((part) => part.text) ?? [];
    while (this.text[this.at] === ']') this.at++;
  }

  private pair(around: readonly string[], depth: number): boolean {
    const begin = this.at;
    const keys = this.keyParts();
    if (keys === null) return false;
    this.skipBlank(false);
    if (this.text[this.at] !== '=') return false;
    this.at++;
    this.announce(keys, begin);
    this.skipBlank(false);
    this.value([...around, ...keys.map((key) => key.text)], depth);
    return true;
  }

  /** A dotted key is one name to a reader: `layer1.0.conv1 = 0.5`. */
  private announce(keys: readonly Literal[], begin: number): void {
    const first = keys[0]!;
    if (keys.length === 1) this.visitor.key?.([], first);
    else if (keys.every((key) => this.text[key.begin - 1] !== '"' && this.text[key.begin - 1] !== "'")) {
      const end = keys[keys.length - 1]!.end;
      const raw = this.text.slice(begin, end);
      if (!raw.includes(' ')) this.visitor.key?.([], { begin, end, text: raw, closed: true });
    }
  }

  private keyParts(): Literal[] | null {
    const parts: Literal[] = [];
    for (;;) {
      this.skipBlank(false);
      const quote = this.text[this.at];
      if (quote === '"' || quote === "'") parts.push(this.string(quote));
      else {
        const begin = this.at;
        while (isBare(this.text.charCodeAt(this.at))) this.at++;
        if (this.at === begin) return parts.length === 0 ? null : parts;
        parts.push({ begin, end: this.at, text: this.text.slice(begin, this.at), closed: true });
      }
      this.skipBlank(false);
      if (this.text[this.at] !== '.') return parts;
      this.at++;
    }
  }

  private value(path: readonly string[], depth: number): void {
    const character = this.text[this.at];
    if (character === '"' || character === "'") this.visitor.text?.(path, this.string(character));
    else if (character === '[' && depth < MOST_DEPTH) this.list(path, depth + 1);
    else if (character === '{' && depth < MOST_DEPTH) this.inlineTable(path, depth + 1);
    else while (this.at < this.text.length && !VALUE_ENDS.includes(this.text[this.at]!)) this.at++;
  }

  private list(path: readonly string[], depth: number): void {
    this.at++;
    while (this.at < this.text.length) {
      this.skipBlank(true);
      const character = this.text[this.at];
      if (character === undefined) return;
      if (character === ']') {
        this.at++;
        return;
      }
      if (character === ',') {
        this.at++;
        continue;
      }
      if (this.startsStatement()) {
        this.atStatement = true;
        return;
      }
      const start = this.at;
      this.value(path, depth);
      if (this.at === start) this.at++;
    }
  }

  private inlineTable(path: readonly string[], depth: number): void {
    this.at++;
    while (this.at < this.text.length) {
      this.skipBlank(false);
      const character = this.text[this.at];
      if (character === undefined || character === '\n' || character === '\r') return;
      if (character === '}') {
        this.at++;
        return;
      }
      const start = this.at;
      if (character === ',' || !this.pair(path, depth)) this.at = Math.max(this.at, start + 1);
    }
  }

  /** Inside a list that was never closed: does a new `key =` or `[table]` begin on this line? */
  private startsStatement(): boolean {
    let lineStart = this.at;
    while (lineStart > 0 && (this.text[lineStart - 1] === ' ' || this.text[lineStart - 1] === '\t')) lineStart--;
    if (lineStart > 0 && this.text[lineStart - 1] !== '\n') return false;
    const kept = this.at;
    let isStatement = false;
    if (isBare(this.text.charCodeAt(this.at))) {
      while (isBare(this.text.charCodeAt(this.at)) || this.text[this.at] === '.') this.at++;
      this.skipBlank(false);
      isStatement = this.text[this.at] === '=';
    }
    this.at = kept;
    return isStatement;
  }

  /** Any of the four kinds of string; stands behind it afterwards. */
  private string(quote: '"' | "'"): Literal {
    const isLong = this.text.startsWith(quote.repeat(3), this.at);
    const width = isLong ? 3 : 1;
    const begin = this.at + width;
    let end = begin;
    let closed = false;
    for (; end < this.text.length; end++) {
      const character = this.text[end];
      if (character === '\\' && quote === '"') end++;
      else if (!isLong && (character === '\n' || character === '\r')) break;
      else if (character === quote && (!isLong || this.text.startsWith(quote.repeat(3), end))) {
        closed = true;
        break;
      }
    }
    end = Math.min(end, this.text.length);
    // Up to two quotes may stand right before the closing three.
    while (isLong && closed && this.text[end + 3] === quote) end++;
    this.at = closed ? end + width : end;
    const raw = this.text.slice(begin, end);
    const value = quote === '"' ? decodeEscapes(raw, 'drop') : raw;
    return { begin, end, closed, text: value };
  }

  private skipBlank(lines: boolean): void {
    for (; this.at < this.text.length; this.at++) {
      const character = this.text[this.at];
      if (character === ' ' || character === '\t' || (lines && (character === '\n' || character === '\r'))) continue;
      if (character === '#') {
        const newline = this.text.indexOf('\n', this.at);
        if (newline < 0) this.at = this.text.length;
        else if (lines) this.at = newline;
        else this.at = newline;
        if (lines && this.at < this.text.length) continue;
      }
      return;
    }
  }

  private skipLine(): void {
    const newline = this.text.indexOf('\n', this.at);
    this.at = newline < 0 ? this.text.length : newline + 1;
  }
}

const VALUE_ENDS = ',]}#\n\r';

const isBare = (code: number): boolean =>
  (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || (code >= 97 && code <= 122) || code === 45 || code === 95;
