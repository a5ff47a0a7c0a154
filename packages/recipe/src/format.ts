import { isCollection, visit } from 'yaml';
import { plain } from './plain.js';
import { yamlDocument } from './yamlDocument.js';

/** A list within braces that is longer becomes a line for each of its items. */
const LONG = 100;

/** The text in even form: two spaces a level, comments, blank lines, quotes and anchors kept; null where it is no YAML or would not mean the same. */
export function formatYaml(text: string): string | null {
  const bom = text.startsWith('\uFEFF') ? '\uFEFF' : '';
  const source = text.slice(bom.length);
  const document = yamlDocument(source);
  if (document.errors.length > 0) return null;
  const before = plain(document);
  if (before === undefined) return null;
  visit(document, {
    Collection(_, node) {
      if (!node.flow) return undefined;
      const [from, to] = node.range ?? [0, 0];
      // What lies within braces stays there.
      if (to - from <= LONG || !node.items.length) return visit.SKIP;
      node.flow = false;
      return undefined;
    },
  });
  if (source.trim() === '') return bom;
  if (!isCollection(document.contents)) return null;
  let written: string;
  try {
    written = document.toString({ indent: 2, indentSeq: true, lineWidth: 0, flowCollectionPadding: true });
  } catch {
    return null;
  }
  if (JSON.stringify(plain(yamlDocument(written))) !== JSON.stringify(before)) return null;
  written = closeLists(written);
  return bom + (text.includes('\r\n') ? written.replaceAll(/\r?\n/g, '\r\n') : written);
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
