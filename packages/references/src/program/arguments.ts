import type { SyntaxNode } from '@lezer/common';
import { slice } from './python.js';

export interface Arguments {
  /** Up to the first spread (`*args`, `...args`): positions behind it are unknown. */
  readonly positional: readonly SyntaxNode[];
  readonly named: ReadonlyMap<string, SyntaxNode>;
  readonly isSpread: boolean;
}

/** Lists that are longer than this are data. */
const MOST_ARGUMENTS = 64;

/** Arguments of an `ArgList`, positions and keywords apart. */
export function readArguments(list: SyntaxNode, text: string): Arguments {
  const positional: SyntaxNode[] = [];
  const named = new Map<string, SyntaxNode>();
  let isSpread = false;
  let pending: SyntaxNode | null = null;
  let isKeyword = false;
  let skip = false;
  let count = 0;
  const finish = (): void => {
    if (pending !== null && !skip && !isSpread) positional.push(pending);
    pending = null;
    isKeyword = false;
    skip = false;
  };
  for (let child = list.firstChild; child !== null && count < MOST_ARGUMENTS; child = child.nextSibling) {
    switch (child.name) {
      case '(':
      case 'Comment':
      case 'LineComment':
      case 'BlockComment':
        break;
      case ')':
      case ',':
        finish();
        count++;
        break;
      case '*':
      case 'Spread':
        isSpread = true;
        skip = true;
        break;
      case '**':
        skip = true;
        break;
      case 'AssignOp':
        isKeyword = true;
        break;
      default:
        if (child.type.isError) break;
        if (isKeyword && pending !== null) {
          named.set(slice(text, pending), child);
          pending = null;
          skip = true;
        } else if (pending === null) pending = child;
    }
  }
  finish();
  return { positional, named, isSpread };
}

/** The argument that a rule speaks of: by one of its keywords, else by position. */
export function argumentOf(given: Arguments, at: number, keywords: readonly string[]): SyntaxNode | undefined {
  for (const keyword of keywords) {
    const node = given.named.get(keyword);
    if (node !== undefined) return node;
  }
  return at < 0 ? undefined : given.positional[at];
}
