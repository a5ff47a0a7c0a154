import { parser } from '@lezer/markdown';
import { looksLikeLayerName } from './layerName.js';
import { parseWithin } from './parse.js';
import { decodePercent, readPath } from './pathText.js';
import { kindByPrefix } from './program/siteInProgram.js';
import type { CheckpointReference, CompletionSite, LanguageId, LayerReference } from './reference.js';
import { Segments } from './segments.js';
import { endingOf } from './vocabulary/extensions.js';

export interface MarkdownParts {
  readonly checkpoints: readonly CheckpointReference[];
  readonly layers: readonly LayerReference[];
  /** Fenced code whose language is understood. */
  readonly code: readonly { readonly language: LanguageId; readonly segments: Segments }[];
}

/** References of Markdown: links, inline code, and what stands in fenced code. */
export function readMarkdown(text: string): MarkdownParts {
  const checkpoints: CheckpointReference[] = [];
  const layers: LayerReference[] = [];
  const code: { language: LanguageId; segments: Segments }[] = [];
  let fence: { language: LanguageId; segments: Segments } | null = null;
  let markEnd = -1;
  parseWithin(parser, withoutTangles(text)).iterate({
    enter(node) {
      switch (node.name) {
        case 'FencedCode':
          fence = null;
          break;
        case 'CodeInfo': {
          const language = FENCES.get(text.slice(node.from, node.to).split(' ')[0]!.toLowerCase());
          if (language === undefined) break;
          fence = { language, segments: new Segments() };
          code.push(fence);
          break;
        }
        case 'CodeText': {
          const { from } = node;
          fence?.segments.add(text.slice(from, node.to), (index) => from + index);
          break;
        }
        case 'CodeBlock':
        case 'HTMLBlock':
        case 'Autolink':
          return false;
        case 'InlineCode':
          inlineCode(node.from, node.to);
          return false;
        case 'LinkMark':
          markEnd = node.to;
          break;
        case 'URL':
          link(node.from, node.to);
          break;
        default:
      }
      return true;
    },
    leave(node) {
      if (node.name === 'FencedCode') fence = null;
    },
  });
  return { checkpoints, layers, code };

  function link(from: number, to: number): void {
    if (markEnd < 0) return;
    const isAngled = text[from] === '<' && text[to - 1] === '>' && to - from >= 2;
    const begin = isAngled ? from + 1 : from;
    const end = isAngled ? to - 1 : to;
    const path = readPath(withoutFragment(decodePercent(text.slice(begin, end))));
    if (path === null || endingOf(path.path) !== 'certain') return;
    // `/models/x.pt` is an address of the site that shows the document.
    const certain = path.real && path.form === 'file' && !path.path.startsWith('/');
    checkpoints.push({
      kind: 'checkpoint',
      begin,
      end,
      path: path.path,
      form: path.form,
      direction: 'input',
      certain,
      via: 'link',
    });
  }

  function inlineCode(from: number, to: number): void {
    let ticks = 0;
    while (from + ticks < to && text[from + ticks] === '`') ticks++;
    let begin = from + ticks;
    let end = to - ticks;
    while (begin < end && text[begin] === ' ') begin++;
    while (end > begin && text[end - 1] === ' ') end--;
    if (end <= begin) return;
    const inner = text.slice(begin, end);
    const path = inner.includes(' ') ? null : readPath(inner);
    if (path !== null && endingOf(path.path) === 'certain') {
      checkpoints.push({
        kind: 'checkpoint',
        begin,
        end,
        path: path.path,
        form: path.form,
        direction: 'input',
        certain: false,
        via: 'code',
      });
    } else if (looksLikeLayerName(inner)) layers.push({ kind: 'layer', begin, end, name: inner, form: 'string' });
  }
}

/** Paragraphs that are longer than this and full of marks are generated; Markdown takes the square of their length. */
const LONGEST_PARAGRAPH = 30_000;
const MOST_MARKS = 500;

/** The text with such paragraphs blanked out; every offset stays. */
function withoutTangles(text: string): string {
  if (text.length <= LONGEST_PARAGRAPH) return text;
  let result = '';
  let kept = 0;
  for (let begin = 0; begin < text.length; ) {
    const gap = text.indexOf('\n\n', begin);
    const end = gap < 0 ? text.length : gap;
    if (
      end - begin > LONGEST_PARAGRAPH &&
      (marksIn(text, '[', begin, end) > MOST_MARKS || marksIn(text, '>', begin, end) > MOST_MARKS)
    ) {
      result += text.slice(kept, begin) + ' '.repeat(end - begin);
      kept = end;
    }
    begin = end + 2;
  }
  return kept === 0 ? text : result + text.slice(kept);
}

function marksIn(text: string, mark: string, begin: number, end: number): number {
  let count = 0;
  for (let at = text.indexOf(mark, begin); at >= 0 && at < end; at = text.indexOf(mark, at + 1)) count++;
  return count;
}

/** Link targets and inline code take paths; inline code with dots takes names of layers. */
export function siteInMarkdown(text: string, offset: number): CompletionSite | null {
  let site: CompletionSite | null = null;
  parseWithin(parser, withoutTangles(text)).iterate({
    enter(node) {
      if (node.from > offset || node.to < offset) return false;
      if (node.name === 'URL')
        site = { kind: 'path', begin: node.from, end: node.to, prefix: text.slice(node.from, offset) };
      if (node.name === 'InlineCode' && node.from < offset && offset < node.to) {
        const begin = node.from + 1;
        const prefix = text.slice(begin, offset);
        const kind = kindByPrefix(prefix);
        if (kind !== null) site = { kind, begin, end: node.to - 1, prefix };
      }
      return true;
    },
  });
  return site;
}

function withoutFragment(target: string): string {
  const hash = target.indexOf('#');
  const query = target.indexOf('?');
  const cut = Math.min(hash < 0 ? target.length : hash, query < 0 ? target.length : query);
  return target.slice(0, cut);
}

const FENCES: ReadonlyMap<string, LanguageId> = new Map([
  ['python', 'python'],
  ['py', 'python'],
  ['python3', 'python'],
  ['js', 'javascript'],
  ['javascript', 'javascript'],
  ['jsx', 'javascriptreact'],
  ['ts', 'typescript'],
  ['typescript', 'typescript'],
  ['tsx', 'typescriptreact'],
  ['json', 'json'],
  ['jsonc', 'jsonc'],
  ['yaml', 'yaml'],
  ['yml', 'yaml'],
  ['toml', 'toml'],
]);
