import { type Parser, Tree } from '@lezer/common';

/**
 * Grammars take about half a millisecond for a kilobyte. Texts that nobody wrote (ten thousand nested dashes) can cost the square of
 * their length; they get ten times the usual and are then given up.
 */
const LEAST_MS = 500;
const MS_PER_CHARACTER = 0.005;
/** The clock is read every so many steps … */
const STEPS = 64;
/** … and a single interval counts for no more than this: a machine that did something else meanwhile does not make a text slow. */
const MOST_MS_OF_STEPS = 50;

/** Parses a text, and never throws: one that is too deeply nested or takes too long has an empty tree. */
export function parseWithin(parser: Parser, text: string): Tree {
  let leftMs = LEAST_MS + text.length * MS_PER_CHARACTER;
  let before = performance.now();
  let wasSlow = false;
  try {
    const parse = parser.startParse(text);
    for (let step = 1; ; step++) {
      const tree = parse.advance();
      if (tree !== null) return tree;
      if (step % STEPS !== 0) continue;
      const now = performance.now();
      const isSlow = now - before > MOST_MS_OF_STEPS;
      leftMs -= isSlow && !wasSlow ? MOST_MS_OF_STEPS : now - before;
      wasSlow = isSlow;
      before = now;
      if (leftMs < 0) return Tree.empty;
    }
  } catch (error) {
    // Grammars build their tree by recursion.
    if (error instanceof RangeError) return Tree.empty;
    throw error;
  }
}

/** Brackets that are open at once in any text that somebody wrote or generated for use. */
const MOST_OPEN_BRACKETS = 5_000;

/** As `parseWithin`, for languages whose brackets nest: unclosed ones by the thousand are no program. */
export function parseNested(parser: Parser, text: string): Tree {
  let open = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x28 || code === 0x5b || code === 0x7b) {
      if (++open > MOST_OPEN_BRACKETS) return Tree.empty;
    } else if ((code === 0x29 || code === 0x5d || code === 0x7d) && open > 0) open--;
  }
  return parseWithin(parser, text);
}
