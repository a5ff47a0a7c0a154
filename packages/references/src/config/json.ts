import { createScanner } from 'jsonc-parser';
import type { Literal } from '../literal.js';

/** What a walk over JSON meets. Keys and values carry the keys around them, from the outside in. */
export interface JsonVisitor {
  key?(path: readonly string[], literal: Literal): void;
  text?(path: readonly string[], literal: Literal): void;
}

/** Token kinds of the scanner, whose own enumeration exists for the compiler alone. */
const SyntaxKind = {
  OpenBraceToken: 1,
  CloseBraceToken: 2,
  OpenBracketToken: 3,
  CloseBracketToken: 4,
  CommaToken: 5,
  ColonToken: 6,
  StringLiteral: 10,
  EOF: 17,
} as const;

/** Containers that are nested deeper are passed over. */
const MOST_DEPTH = 512;

/**
 * Walks JSON, JSON with comments and JSON lines, however broken: a token scanner and a stack of open containers.
 * Whatever is missing (commas, braces, quotes) the rest is still read.
 */
export function walkJson(text: string, visitor: JsonVisitor): void {
  const scanner = createScanner(text, true);
  /** Key under which each open container's values stand; null: an array. */
  const stack: { isObject: boolean }[] = [];
  const path: string[] = [];
  /** Keys per open container, so that closing one forgets the right number. */
  const depths: number[] = [];
  let expectsValue = false;
  for (let token: number = scanner.scan(); token !== SyntaxKind.EOF; token = scanner.scan()) {
    switch (token) {
      case SyntaxKind.OpenBraceToken:
      case SyntaxKind.OpenBracketToken:
        if (stack.length >= MOST_DEPTH) return;
        stack.push({ isObject: token === SyntaxKind.OpenBraceToken });
        depths.push(path.length);
        expectsValue = token === SyntaxKind.OpenBracketToken;
        break;
      case SyntaxKind.CloseBraceToken:
      case SyntaxKind.CloseBracketToken: {
        // A closing bracket ends the innermost container of its kind, so that one missing does not spoil the rest.
        const isObject = token === SyntaxKind.CloseBraceToken;
        let index = stack.length - 1;
        while (index >= 0 && stack[index]!.isObject !== isObject) index--;
        if (index >= 0) {
          path.length = depths[index]!;
          stack.length = index;
          depths.length = index;
        }
        dropKey();
        break;
      }
      case SyntaxKind.ColonToken:
        expectsValue = true;
        break;
      case SyntaxKind.CommaToken:
        dropKey();
        break;
      case SyntaxKind.StringLiteral:
        string(literalOf(scanner.getTokenOffset(), scanner.getTokenLength(), scanner.getTokenValue()));
        break;
      default:
    }
  }

  /** The value of the current key is complete. */
  function dropKey(): void {
    const top = stack[stack.length - 1];
    const depth = depths[depths.length - 1] ?? 0;
    if (top?.isObject !== false) path.length = Math.min(path.length, depth);
    expectsValue = top?.isObject === false;
  }

  function string(literal: Literal): void {
    const top = stack[stack.length - 1];
    if (top?.isObject && !expectsValue) {
      visitor.key?.(path, literal);
      path.length = depths[depths.length - 1] ?? 0;
      path.push(literal.text);
    } else {
      visitor.text?.(path, literal);
    }
  }

  function literalOf(offset: number, length: number, value: string): Literal {
    const closed = length >= 2 && text[offset + length - 1] === '"' && scanner.getTokenError() === 0;
    return { begin: offset + 1, end: offset + length - (closed ? 1 : 0), text: value, closed };
  }
}
