import { parser } from '@lezer/yaml';
import { decodeEscapes, type Literal } from '../literal.js';
import { parseNested } from '../parse.js';
import type { JsonVisitor } from './json.js';

/** Walks YAML: block and flow style, anchors and tags passed through. Block scalars and plain scalars of several lines are prose. */
export function walkYaml(text: string, visitor: JsonVisitor): void {
  const path: string[] = [];
  /** Whether the open pairs have named their key yet. */
  const pairs: boolean[] = [];
  let inKey = 0;
  parseNested(parser, text).iterate({
    enter(node) {
      switch (node.name) {
        case 'Pair':
          pairs.push(false);
          break;
        case 'Key':
          inKey++;
          break;
        case 'Literal':
        case 'QuotedLiteral': {
          const literal = node.name === 'Literal' ? plain(text, node.from, node.to) : quoted(text, node.from, node.to);
          if (literal === null) return false;
          if (inKey === 0) visitor.text?.(path, literal);
          else {
            visitor.key?.(path, literal);
            if (pairs.length > 0 && !pairs[pairs.length - 1]) {
              pairs[pairs.length - 1] = true;
              path.push(literal.text);
            }
          }
          return false;
        }
        case 'BlockLiteral':
        case 'Comment':
          return false;
        default:
      }
      return true;
    },
    leave(node) {
      if (node.name === 'Key') inKey--;
      else if (node.name === 'Pair' && pairs.pop()) path.pop();
    },
  });
}

function plain(text: string, from: number, to: number): Literal | null {
  const raw = text.slice(from, to);
  return raw.includes('\n') ? null : { begin: from, end: to, text: raw, closed: true };
}

function quoted(text: string, from: number, to: number): Literal | null {
  const quote = text[from];
  if (to - from < 1 || (quote !== '"' && quote !== "'")) return null;
  const closed = to - from >= 2 && text[to - 1] === quote;
  let end = closed ? to - 1 : to;
  const newline = text.indexOf('\n', from);
  if (newline >= 0 && newline < end) {
    if (closed) return null;
    end = newline;
  }
  const raw = text.slice(from + 1, end);
  return { begin: from + 1, end, closed, text: quote === '"' ? decodeEscapes(raw, 'drop') : raw.replaceAll("''", "'") };
}
