import { isCollection, visit } from 'yaml';
import { plain } from './plain.js';
import { yamlDocument } from './yamlDocument.js';

/** A list within braces that is longer becomes a line for each of its items. */
const LONG = 100;

/** Some comments and blank lines settle only when they are written again. */
const MOST_ROUNDS = 5;

/**
 * The text in even form: two spaces a level, comments, blank lines, quotes and anchors kept; done twice it changes nothing. null where it is no YAML, or where another text would not mean the same.
 */
export function formatYaml(text: string): string | null {
  const bom = text.startsWith('\uFEFF') ? '\uFEFF' : '';
  const source = text.slice(bom.length);
  if (source.trim() === '') return bom;
  const document = yamlDocument(source);
  if (document.errors.length > 0 || !isCollection(document.contents)) return null;
  const meaning = plain(document);
  if (meaning === undefined) return null;
  let [before, after] = [source, evened(source)];
  for (let round = 1; after !== null && after !== before && round < MOST_ROUNDS; round++)
    [before, after] = [after, evened(after)];
  if (after === null || after !== before) return null;
  if (!sameMeaning(plain(yamlDocument(after)), meaning)) return null;
  return bom + (text.includes('\r\n') ? after.replaceAll(/\r?\n/g, '\r\n') : after);
}

/** Values that hold themselves cannot be compared: such a text stays as it is. */
function sameMeaning(a: unknown, b: unknown): boolean {
  try {
    return JSON.stringify(a) === JSON.stringify(b);
  } catch {
    return false;
  }
}

function evened(text: string): string | null {
  const document = yamlDocument(text);
  if (document.errors.length > 0) return null;
  visit(document, {
    Collection(_, node) {
      if (!node.flow) return undefined;
      const [from, to] = node.range ?? [0, 0];
      // What lies within braces stays there.
      if (to - from <= LONG || node.items.length === 0) return visit.SKIP;
      node.flow = false;
      return undefined;
    },
  });
  try {
    return closeLists(document.toString({ indent: 2, indentSeq: true, lineWidth: 0, flowCollectionPadding: true }));
  } catch {
    return null;
  }
}

/** `[ 1, 2 ]` as `[1, 2]`: braces have spaces within, brackets none. */
function closeLists(text: string): string {
  const gaps: number[] = [];
  visit(yamlDocument(text), {
    Seq(_, { flow, range }) {
      if (flow !== true || !range) return;
      const [from, to] = range;
      if (text[from] !== '[' || text.slice(from, to).includes('\n')) return;
      if (text[from + 1] === ' ') gaps.push(from + 1);
      if (text[to - 2] === ' ') gaps.push(to - 2);
    },
  });
  let closed = text;
  for (const gap of gaps.sort((a, b) => b - a)) closed = closed.slice(0, gap) + closed.slice(gap + 1);
  return closed;
}
