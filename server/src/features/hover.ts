import { basename } from 'node:path';
import { unreachable } from '@espalier/base';
import { budgetHover, type Place, recipeHover, stepAt } from '@espalier/recipe';
import {
  checkpointMarkdown,
  escapeMarkdown,
  faultMarkdown,
  globMarkdown,
  layerMarkdown,
  moduleMarkdown,
  severalMarkdown,
  stepMarkdown,
  type Writing,
} from '@espalier/service';
import { type Hover, HoverRequest, MarkupKind, type Position } from 'vscode-languageserver/node';
import { guarded } from '../lsp/handle.js';
import type { ClientAbilities, Feature, FeatureContext } from './feature.js';
import { budgetOf, checkpointOf, globsOf, isBudget, isOurs, isRecipe, recipeOf } from './ourDocuments.js';
import { layersOf, type Subject, subjectAt } from './subject.js';

/** Facts under the cursor: of a checkpoint, or of a layer. */
export const hover: Feature = (context) => {
  context.connection.onRequest(HoverRequest.type, ({ textDocument, position }, token) =>
    guarded(context.connection, 'textDocument/hover', token, async (signal): Promise<Hover | null> => {
      const subject = subjectAt(context, textDocument.uri, position);
      if (isOurs(textDocument.uri) && subject?.kind !== 'checkpoint')
        return await hoverOfOurs(context, textDocument.uri, position, signal);
      if (subject === null) return null;
      const value =
        subject.kind === 'checkpoint'
          ? await checkpointHover(context, subject, signal)
          : await layerHover(context, subject, signal);
      if (value === null) return null;
      const { document } = subject.parsed;
      const range = {
        start: document.positionAt(subject.reference.begin),
        end: document.positionAt(subject.reference.end),
      };
      return { contents: { kind: MarkupKind.Markdown, value }, range };
    }),
  );
  return { hoverProvider: true };
};

/** What a key or a value of a recipe or a budget means; of a glob what it matches, of a step what it would do. */
async function hoverOfOurs(
  context: FeatureContext,
  uri: string,
  position: Position,
  signal: AbortSignal,
): Promise<Hover | null> {
  const { documents, service } = context;
  const document = documents.get(uri)?.document;
  if (document === undefined) return null;
  const text = document.getText();
  const offset = document.offsetAt(position);
  const hoverOf = ({ from, to }: Place, value: string): Hover => ({
    contents: { kind: MarkupKind.Markdown, value },
    range: { start: document.positionAt(from), end: document.positionAt(to) },
  });
  const checkpoint = await checkpointOf(context, uri, text, signal);
  const glob = globsOf(uri, text).find(({ from, to }) => from <= offset && offset <= to);
  if (glob !== undefined && checkpoint !== null) {
    const head = await service.head(checkpoint, signal);
    if (head.ok) return hoverOf(glob, globMarkdown(glob.glob, head.value.tensors, basename(checkpoint)));
  }
  const found = isBudget(uri) ? budgetHover(budgetOf(text).document, offset) : recipeHover(recipeOf(text), offset);
  if (found === null) return null;
  const step = isRecipe(uri) ? stepAt(recipeOf(text), offset) : null;
  if (step === null || checkpoint === null) return hoverOf(found, found.markdown);
  const outlook = await service.outlook(checkpoint, text, signal);
  const own = outlook.ok ? outlook.value.steps.find(({ id }) => id === step.id) : undefined;
  return hoverOf(found, own === undefined ? found.markdown : `${found.markdown}\n\n---\n\n${stepMarkdown(own)}`);
}

export const writingOf = (client: ClientAbilities): Writing => ({
  locale: client.locale,
  link: (title, command, ...args) =>
    client.commands ? `[${title}](command:${command}?${encodeURIComponent(JSON.stringify(args))})` : null,
});

/** What is known at once; whatever has not been read is asked for, and the next hover is complete. */
export async function checkpointHover(
  context: FeatureContext,
  { parsed, reference }: Extract<Subject, { kind: 'checkpoint' }>,
  signal: AbortSignal,
): Promise<string | null> {
  const { service } = context;
  const resolution = await service.resolve(reference, parsed.document.uri);
  switch (resolution.kind) {
    case 'none':
    case 'missing':
      return null;
    case 'ambiguous':
      return [
        `${resolution.paths.length} files match:`,
        ...resolution.paths.slice(0, 8).map((path) => `- ${escapeMarkdown(service.displayName(path))}`),
      ].join('\n');
    case 'hub':
      if (resolution.path === undefined)
        return `**${escapeMarkdown(resolution.name)}** · a hub model that is not in the local cache`;
      return fileHover(context, resolution.name, resolution.path, signal);
    case 'file':
      return fileHover(
        context,
        service.displayName(resolution.path).split(/[\\/]/).pop() ?? reference.path,
        resolution.path,
        signal,
      );
    default:
      return unreachable(resolution);
  }
}

async function fileHover(
  { service, client }: FeatureContext,
  name: string,
  path: string,
  signal: AbortSignal,
): Promise<string> {
  const head = await service.head(path, signal);
  if (!head.ok) return faultMarkdown(name, head.fault);
  service.requestScan(path);
  const facts = await service.facts(path, signal);
  if (facts === null)
    return faultMarkdown(name, { code: 'file/changed', message: 'The file changed while it was read.' });
  return checkpointMarkdown(name, facts, service.scanState(path), writingOf(client));
}

async function layerHover(
  context: FeatureContext,
  { parsed, reference }: Extract<Subject, { kind: 'layer' }>,
  signal: AbortSignal,
): Promise<string | null> {
  const { service, client } = context;
  const matches = await layersOf(context, parsed, reference, signal);
  const [first, ...others] = matches;
  if (first === undefined) return null;
  const writing = writingOf(client);
  for (const { path } of matches.slice(0, 2)) service.requestScan(path);
  const factOf = (match: typeof first) => match.facts.get(match.tensors[0]!.name) ?? { head: match.tensors[0]! };
  const nameOf = (path: string): string => service.displayName(path).split(/[\\/]/).pop() ?? path;
  if (others.length > 0)
    return severalMarkdown(
      reference.name,
      matches.map((match) => ({ fact: factOf(match), from: service.displayName(match.path) })),
      writing,
    );
  const times = await service.knownTimes(first.path);
  const text =
    first.tensors.length === 1
      ? layerMarkdown(factOf(first), nameOf(first.path), writing, times.get(first.tensors[0]!.name))
      : moduleMarkdown(
          reference.name,
          first.tensors.map((head) => first.facts.get(head.name) ?? { head }),
          nameOf(first.path),
          writing,
        );
  const [tensor] = first.tensors;
  const links = [
    writing.link('Inspect', 'espalier.inspect', first.path, tensor!.name),
    // What a hover says is known already: measuring is asked for.
    tensor!.prunable && !times.has(tensor!.name)
      ? writing.link('Measure Speed', 'espalier.measureSpeed', first.path, tensor!.name)
      : null,
  ].filter((link) => link !== null);
  return links.length === 0 ? text : `${text}\n\n${links.join(' · ')}`;
}
