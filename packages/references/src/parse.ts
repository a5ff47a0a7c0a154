import { type Parser, Tree } from '@lezer/common';

/**
 * Grammars take about one millisecond for a kilobyte. Texts that nobody wrote (ten thousand nested dashes) can cost the
 * square of their length; they get five times the usual and are then given up.
 */
const LEAST_MS = 300;
const MS_PER_CHARACTER = 0.005;

/** Parses a text, and never throws: one that is too deeply nested or takes too long has an empty tree. */
export function parseWithin(parser: Parser, text: string): Tree {
  const deadline = performance.now() + LEAST_MS + text.length * MS_PER_CHARACTER;
  try {
    const parse = parser.startParse(text);
    for (;;) {
      const tree = parse.advance();
      if (tree !== null) return tree;
      if (performance.now() > deadline) return Tree.empty;
    }
  } catch (error) {
    // Grammars build their tree by recursion.
    if (error instanceof RangeError) return Tree.empty;
    throw error;
  }
}
