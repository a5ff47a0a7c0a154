import { dirname, relative, sep } from 'node:path';
import { bytesText, shapeText } from '@espalier/base';
import { type CompletionSite, completionSiteAt } from '@espalier/references';
import {
  type CompletionItem,
  CompletionItemKind,
  type CompletionList,
  CompletionRequest,
} from 'vscode-languageserver/node';
import { languageOf } from '../documents.js';
import { guarded } from '../lsp/handle.js';
import { pathOfUri } from '../lsp/uri.js';
import type { Feature, FeatureContext, ParsedDocument } from './feature.js';
import { fileOf } from './subject.js';

const MAX_ITEMS = 500;

/** Paths of checkpoints, and names of layers, inside strings that take one. */
export const completion: Feature = (context) => {
  context.connection.onRequest(CompletionRequest.type, ({ textDocument, position }, token) =>
    guarded(context.connection, 'textDocument/completion', token, async (signal): Promise<CompletionList | null> => {
      const parsed = context.documents.get(textDocument.uri);
      const language = parsed === null ? null : languageOf(parsed.document);
      if (parsed === null || language === null) return null;
      const { document } = parsed;
      const site = completionSiteAt(document.getText(), language, document.offsetAt(position));
      if (site === null) return null;
      const items =
        site.kind === 'path'
          ? await pathItems(context, parsed, site, signal)
          : await layerItems(context, parsed, site, signal);
      return { isIncomplete: items.length >= MAX_ITEMS, items: items.slice(0, MAX_ITEMS) };
    }),
  );
  return { completionProvider: { triggerCharacters: ['"', "'", '/', '.', '`'], resolveProvider: false } };
};

/** Checkpoints of the workspace, written as seen from the document, or from its workspace folder where that is how they resolve. */
async function pathItems(
  context: FeatureContext,
  parsed: ParsedDocument,
  site: CompletionSite,
  signal: AbortSignal,
): Promise<CompletionItem[]> {
  const { document } = parsed;
  const documentPath = pathOfUri(document.uri);
  const range = { start: document.positionAt(site.begin), end: document.positionAt(site.end) };
  const paths = await context.service.checkpointPaths(signal);
  return paths.map((path) => {
    const fromWorkspace = context.service.displayName(path);
    const fromDocument =
      documentPath === null ? fromWorkspace : relative(dirname(documentPath), path).split(sep).join('/');
    const text =
      fromDocument.startsWith('../') && fromWorkspace !== path ? fromWorkspace.split(sep).join('/') : fromDocument;
    return {
      label: text,
      kind: CompletionItemKind.File,
      detail: 'checkpoint',
      filterText: text,
      textEdit: { range, newText: text },
    };
  });
}

/** Names of the nearest checkpoint above, else of the default one; in a chain only what follows the dots already written. */
async function layerItems(
  context: FeatureContext,
  parsed: ParsedDocument,
  site: CompletionSite,
  signal: AbortSignal,
): Promise<CompletionItem[]> {
  const { document, references } = parsed;
  const above = references.checkpoints
    .filter((candidate) => candidate.direction === 'input' && candidate.end <= site.begin)
    .reverse();
  let path: string | null = null;
  for (const candidate of above) path ??= await fileOf(context, candidate, document.uri);
  path ??= await context.service.defaultCheckpoint(document.uri, signal);
  if (path === null) return [];
  const head = await context.service.head(path, signal);
  if (!head.ok) return [];
  const range = { start: document.positionAt(site.begin), end: document.positionAt(site.end) };
  const prefix = site.root === undefined || site.root === '' ? '' : `${site.root}.`;
  const items: CompletionItem[] = [];
  const modules = new Set<string>();
  for (const tensor of head.value.tensors) {
    if (!tensor.name.startsWith(prefix)) continue;
    const rest = tensor.name.slice(prefix.length);
    if (site.root !== undefined) {
      // In a chain one attribute is completed at a time; a number is an index, not an attribute.
      const next = rest.split('.')[0]!;
      if (modules.has(next) || /^\d/.test(next)) continue;
      modules.add(next);
      const isTensor = next === rest;
      items.push({
        label: next,
        kind: isTensor ? CompletionItemKind.Field : CompletionItemKind.Module,
        textEdit: { range, newText: next },
        ...(isTensor ? { detail: shapeText(tensor.shape) } : {}),
      });
    } else {
      items.push({
        label: tensor.name,
        kind: CompletionItemKind.Field,
        detail: `${shapeText(tensor.shape)} · ${bytesText(tensor.bytes)}`,
        filterText: tensor.name,
        textEdit: { range, newText: tensor.name },
      });
    }
  }
  return items;
}
