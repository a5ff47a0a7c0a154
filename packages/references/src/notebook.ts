import { walkJson } from './config/json.js';
import type { Literal } from './literal.js';
import type { LanguageId } from './reference.js';
import { Segments } from './segments.js';

/** A run of cells that share names, in one language. */
export interface NotebookPart {
  readonly language: LanguageId;
  readonly segments: Segments;
  /** Lines that are commands (`!python export.py`, `%%bash` cells): what they name, they may make. */
  readonly commands: string;
}

interface Cell {
  kind: string;
  lines: Literal[];
}

/**
 * Takes the JSON of a notebook apart: all code cells as one program (they share imports and variables), each Markdown cell
 * by itself. Lines that are commands of the notebook (`%time`, `!wget`) are left out.
 */
export function readNotebook(text: string): readonly NotebookPart[] {
  const cells: Cell[] = [];
  let cell: Cell = { kind: '', lines: [] };
  let kernel = '';
  let isCellType = false;
  const flush = (): void => {
    if (cell.lines.length > 0) cells.push(cell);
    cell = { kind: '', lines: [] };
  };
  walkJson(text, {
    key(path, literal) {
      if (path[0] !== 'cells') return;
      // A cell begins with whichever of its keys comes first; a repeated one belongs to the next cell.
      isCellType = path.length === 1 && literal.text === 'cell_type';
      if (isCellType && (cell.kind !== '' || cell.lines.length > 0) && cell.kind !== '') flush();
      if (path.length === 1 && literal.text === 'source' && cell.lines.length > 0) flush();
    },
    text(path, literal) {
      if (path.length === 2 && path[0] === 'cells' && path[1] === 'cell_type') cell.kind = literal.text;
      else if (path.length === 2 && path[0] === 'cells' && path[1] === 'source') cell.lines.push(literal);
      else if (path[0] === 'metadata' && path[path.length - 1] === 'language') kernel = literal.text;
      else if (path[0] === 'metadata' && path[1] === 'language_info' && path[2] === 'name') kernel = literal.text;
    },
  });
  flush();
  return assemble(text, cells, kernel);
}

function assemble(text: string, cells: readonly Cell[], kernel: string): readonly NotebookPart[] {
  const language = KERNELS.get(kernel.toLowerCase());
  const code = new Segments();
  const parts: NotebookPart[] = [];
  let commands = '';
  for (const cell of cells) {
    if (cell.kind === 'markdown') {
      const segments = new Segments();
      for (const line of cell.lines) addLine(segments, text, line);
      parts.push({ language: 'markdown', segments, commands: '' });
    } else if (cell.kind === 'code' && language !== undefined) {
      const source = cell.lines.map(({ text: line }) => line).join('');
      const isShell = source.startsWith('%%');
      commands += isShell ? source : commandsOf(source);
      if (isShell) continue;
      for (const line of cell.lines) addLine(code, text, line, true);
      code.separate('\n');
    }
  }
  if (language !== undefined) parts.push({ language, segments: code, commands });
  return parts;
}

/** Kernels whose code is understood. Notebooks that do not say are Python. */
const KERNELS: ReadonlyMap<string, LanguageId> = new Map([
  ['', 'python'],
  ['python', 'python'],
  ['ipython', 'python'],
  ['javascript', 'javascript'],
  ['typescript', 'typescript'],
]);

function addLine(segments: Segments, text: string, literal: Literal, isCode = false): void {
  const raw = text.slice(literal.begin, literal.end);
  const offsets = raw.includes('\\') ? escapedOffsets(raw) : null;
  let value = literal.text;
  if (isCode) value = withoutCommands(value);
  // The decoded length must agree with the map, whatever a broken escape does.
  if (offsets !== null && offsets.length !== value.length + 1) return;
  if (offsets === null && value.length !== raw.length) return;
  segments.add(value, offsets === null ? (index) => literal.begin + index : (index) => literal.begin + offsets[index]!);
}

/** Where each decoded UTF-16 unit of a JSON string begins in its raw text; one more for the end. */
function escapedOffsets(raw: string): Uint32Array {
  const offsets = new Uint32Array(raw.length + 1);
  let count = 0;
  let at = 0;
  while (at < raw.length) {
    offsets[count++] = at;
    at += raw[at] !== '\\' ? 1 : raw[at + 1] === 'u' ? 6 : 2;
  }
  offsets[count++] = raw.length;
  return offsets.subarray(0, count);
}

const isCommand = (line: string): boolean => line.trimStart().startsWith('%') || line.trimStart().startsWith('!');

const commandsOf = (source: string): string =>
  source.includes('!') || source.includes('%') ? `${source.split('\n').filter(isCommand).join('\n')}\n` : '';

/** Makes comments of lines that begin with `%` or `!`: they are no code, and what they fetch is still to be read. */
function withoutCommands(source: string): string {
  if (!source.includes('%') && !source.includes('!')) return source;
  return source
    .split('\n')
    .map((line) => {
      const first = line.length - line.trimStart().length;
      return isCommand(line) ? `${line.slice(0, first)}#${line.slice(first + 1)}` : line;
    })
    .join('\n');
}
