import { dirname, relative, sep } from 'node:path';
import type { TensorHead } from '@espalier/analysis';
import { bytesText, shapeText } from '@espalier/base';
import { completeBudget, completeRecipe } from '@espalier/recipe';
import { type CompletionSite, completionSiteAt, type LanguageId } from '@espalier/references';
import {
  type CompletionItem,
  CompletionItemKind,
  type CompletionList,
  CompletionRequest,
  type Position,
  type Range,
} from 'vscode-languageserver/node';
import { languageOf } from '../documents.js';
import { guarded } from '../lsp/handle.js';
import { pathOfUri } from '../lsp/uri.js';
import type { Feature, FeatureContext, ParsedDocument } from './feature.js';
import { checkpointOf, isBudget, isOurs, isRecipe, recipeInput } from './ourDocuments.js';
import { filesNear } from './subject.js';

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
      if (isOurs(textDocument.uri) && site?.kind !== 'path')
        return await itemsOfOurs(context, parsed, position, signal);
      if (site === null) return null;
      const items =
        site.kind === 'path'
          ? await pathItems(context, parsed, site, language, signal)
          : await layerItems(context, parsed, site, signal);
      return { isIncomplete: items.length > MAX_ITEMS, items: items.slice(0, MAX_ITEMS) };
    }),
  );
  return { completionProvider: { triggerCharacters: ['"', "'", '/', '.', '`'], resolveProvider: false } };
};

const RECIPE_KINDS = {
  key: CompletionItemKind.Property,
  method: CompletionItemKind.Method,
  value: CompletionItemKind.EnumMember,
  layer: CompletionItemKind.Field,
} as const;

/** Keys, methods, values and layers of a recipe or a budget. */
async function itemsOfOurs(
  context: FeatureContext,
  { document }: ParsedDocument,
  position: Position,
  signal: AbortSignal,
): Promise<CompletionList> {
  const text = document.getText();
  const layers = await layersNamed(context, document, signal);
  const complete = isBudget(document.uri) ? completeBudget : completeRecipe;
  const { items, from, to } = complete(text, document.offsetAt(position), layers);
  const range = rangeOf(document, from, to);
  return {
    isIncomplete: false,
    items: items.map(({ label, insert, kind, detail }, i) => ({
      label,
      kind: RECIPE_KINDS[kind],
      detail,
      sortText: String(i).padStart(4, '0'),
      textEdit: { range, newText: insert },
    })),
  };
}

/** Names of the weights in the checkpoint that the text is about, where it can be opened. */
async function layersNamed(
  context: FeatureContext,
  document: ParsedDocument['document'],
  signal: AbortSignal,
): Promise<string[]> {
  const known = await checkpointOf(context, document.uri, document.getText(), signal);
  const path = known ?? (isRecipe(document.uri) ? halfTypedInput(document) : null);
  if (path === null) return [];
  const head = await context.service.head(path, signal);
  return head.ok ? head.value.tensors.filter(({ prunable }) => prunable).map(({ name }) => name) : [];
}

/** While something is being typed the text is often no YAML; its line with the input is. */
function halfTypedInput(document: ParsedDocument['document']): string | null {
  const line = /^input:.*$/m.exec(document.getText())?.[0];
  return line === undefined ? null : recipeInput(document.uri, line);
}

/** Checkpoints of the workspace, written as they resolve from where the cursor stands. */
async function pathItems(
  context: FeatureContext,
  { document }: ParsedDocument,
  site: CompletionSite,
  language: LanguageId,
  signal: AbortSignal,
): Promise<CompletionItem[]> {
  const documentPath = pathOfUri(document.uri);
  const range = rangeOf(document, site.begin, site.end);
  const style = site.prefix.startsWith('.') ? 'dotted' : language === 'markdown' ? 'document' : 'either';
  const paths = await context.service.checkpointPaths(signal);
  return paths.map((path): CompletionItem => {
    const text = writtenPath(path, context.service.displayName(path), documentPath, style);
    return {
      label: text,
      kind: CompletionItemKind.File,
      detail: 'checkpoint',
      filterText: text,
      textEdit: { range, newText: text },
    };
  });
}

/**
 * A path as a text would write it. `dotted`: begun with `./` or `../`, so seen from the document. `document`: links of Markdown always
 * are. `either`: from the document where the file lies below it, else from the workspace folder, where programs usually run.
 */
export function writtenPath(
  path: string,
  fromWorkspace: string,
  documentPath: string | null,
  style: 'dotted' | 'document' | 'either',
): string {
  const unified = fromWorkspace.split(sep).join('/');
  if (documentPath === null) return unified;
  const fromDocument = relative(dirname(documentPath), path).split(sep).join('/');
  if (style === 'dotted') return fromDocument.startsWith('.') ? fromDocument : `./${fromDocument}`;
  const isOutside = fromDocument.startsWith('../');
  return style === 'either' && isOutside && fromWorkspace !== path ? unified : fromDocument;
}

/** Names of the checkpoint that the variable was loaded from, else of the nearest one, else of the default one. */
async function layerItems(
  context: FeatureContext,
  parsed: ParsedDocument,
  site: CompletionSite,
  signal: AbortSignal,
): Promise<CompletionItem[]> {
  const { document } = parsed;
  for await (const path of candidates(context, parsed, site, signal)) {
    signal.throwIfAborted();
    const head = await context.service.head(path, signal);
    if (!head.ok) continue;
    const { tensors } = head.value;
    const items =
      site.root === undefined
        ? nameItems(tensors, rangeOf(document, site.begin, site.end))
        : nextItems(tensors, site.root, (dot) => rangeOf(document, site.begin - (dot ? 1 : 0), site.end));
    if (items.length > 0) return items;
  }
  return [];
}

async function* candidates(
  context: FeatureContext,
  parsed: ParsedDocument,
  site: CompletionSite,
  signal: AbortSignal,
): AsyncGenerator<string> {
  yield* filesNear(context, parsed, site.begin, site.variable);
  const fallback = await context.service.defaultCheckpoint(parsed.document.uri, signal);
  if (fallback !== null) yield fallback;
}

const nameItems = (tensors: readonly TensorHead[], range: Range): CompletionItem[] =>
  tensors.map((tensor) => ({
    label: tensor.name,
    kind: CompletionItemKind.Field,
    detail: `${shapeText(tensor.shape)} · ${bytesText(tensor.bytes)}`,
    filterText: tensor.name,
    textEdit: { range, newText: tensor.name },
  }));

/** In a chain one attribute is completed at a time. A number is an index: `[0]` takes the place of the dot. */
export function nextItems(
  tensors: readonly TensorHead[],
  root: string,
  range: (withDot: boolean) => Range,
): CompletionItem[] {
  const prefix = root === '' ? '' : `${root}.`;
  const items = new Map<string, CompletionItem>();
  for (const tensor of tensors) {
    if (!tensor.name.startsWith(prefix)) continue;
    const rest = tensor.name.slice(prefix.length);
    const next = rest.split('.')[0]!;
    if (next === '' || items.has(next)) continue;
    const isTensor = next === rest;
    const isIndex = /^\d+$/.test(next);
    if (isIndex && root === '') continue;
    items.set(next, {
      label: isIndex ? `[${next}]` : next,
      kind: isTensor ? CompletionItemKind.Field : CompletionItemKind.Module,
      filterText: isIndex ? `.${next}` : next,
      textEdit: { range: range(isIndex), newText: isIndex ? `[${next}]` : next },
      ...(isTensor ? { detail: shapeText(tensor.shape) } : {}),
    });
  }
  return [...items.values()];
}

const rangeOf = (document: ParsedDocument['document'], begin: number, end: number): Range => ({
  start: document.positionAt(begin),
  end: document.positionAt(end),
});
