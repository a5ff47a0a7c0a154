import { findReferences, LANGUAGES, type LanguageId, type References } from '@espalier/references';
import { type Connection, TextDocumentSyncKind, TextDocuments } from 'vscode-languageserver/node';
import { TextDocument } from 'vscode-languageserver-textdocument';
import type { DocumentsView, ParsedDocument } from './features/feature.js';
import { pathOfUri } from './lsp/uri.js';

/** Keystrokes within this time are one change. */
const DEBOUNCE_MS = 150;
/** Larger texts are data, not code: they are not searched for references. */
const MAX_TEXT_LENGTH = 4_000_000;

export interface Documents extends DocumentsView {
  readonly sync: TextDocumentSyncKind;
  onDocument(listener: (uri: string, closed: boolean) => void): void;
  listen(connection: Connection): void;
}

/** Open texts, each parsed once a version and only when somebody asks. */
export function createDocuments(): Documents {
  const texts = new TextDocuments(TextDocument);
  const parsed = new Map<string, { version: number; references: References }>();
  const timers = new Map<string, NodeJS.Timeout>();
  const listeners: ((uri: string, closed: boolean) => void)[] = [];

  texts.onDidChangeContent(({ document }) => {
    clearTimeout(timers.get(document.uri));
    timers.set(
      document.uri,
      setTimeout(() => {
        timers.delete(document.uri);
        for (const listener of listeners) listener(document.uri, false);
      }, DEBOUNCE_MS),
    );
  });
  texts.onDidClose(({ document }) => {
    clearTimeout(timers.get(document.uri));
    timers.delete(document.uri);
    parsed.delete(document.uri);
    for (const listener of listeners) listener(document.uri, true);
  });

  const parse = (document: TextDocument): ParsedDocument | null => {
    const known = parsed.get(document.uri);
    if (known?.version === document.version) return { document, references: known.references };
    const language = languageOf(document);
    if (language === null) return null;
    const text = document.getText();
    const references = text.length > MAX_TEXT_LENGTH ? { checkpoints: [], layers: [] } : findReferences(text, language);
    parsed.set(document.uri, { version: document.version, references });
    return { document, references };
  };

  return {
    sync: TextDocumentSyncKind.Incremental,
    get(uri) {
      const document = texts.get(uri);
      return document === undefined ? null : parse(document);
    },
    all: () => texts.all().flatMap((document) => parse(document) ?? []),
    onDocument: (listener) => void listeners.push(listener),
    listen: (connection) => void texts.listen(connection),
  };
}

/** The language of a document: as the editor says, or by the file's ending for editors with other names. */
export function languageOf(document: { readonly uri: string; readonly languageId: string }): LanguageId | null {
  const { languageId } = document;
  // Notebooks opened as text are JSON to the editor; their cells, which share the file's name, say what they are in.
  if (JSON_NAMES.has(languageId) && new URL(document.uri, 'file:').pathname.toLowerCase().endsWith('.ipynb'))
    return 'ipynb';
  if ((LANGUAGES as readonly string[]).includes(languageId)) return languageId as LanguageId;
  const path = pathOfUri(document.uri) ?? document.uri;
  const ending = /\.([a-z0-9]+)$/i.exec(path)?.[1]?.toLowerCase() ?? '';
  return ENDINGS[ending] ?? OTHER_NAMES[languageId] ?? null;
}

const JSON_NAMES: ReadonlySet<string> = new Set(['json', 'jsonc', 'notebook']);

const ENDINGS: Readonly<Record<string, LanguageId>> = {
  py: 'python',
  ts: 'typescript',
  mts: 'typescript',
  cts: 'typescript',
  js: 'javascript',
  mjs: 'javascript',
  cjs: 'javascript',
  tsx: 'typescriptreact',
  jsx: 'javascriptreact',
  json: 'json',
  jsonc: 'jsonc',
  yaml: 'yaml',
  yml: 'yaml',
  toml: 'toml',
  md: 'markdown',
  ipynb: 'ipynb',
};

const OTHER_NAMES: Readonly<Record<string, LanguageId>> = {
  'javascript.jsx': 'javascriptreact',
  'typescript.tsx': 'typescriptreact',
  'yaml.docker-compose': 'yaml',
  dockercompose: 'yaml',
  'github-actions-workflow': 'yaml',
};
