import { type CheckpointReference, type LayerReference, referenceAt } from '@espalier/references';
import type { Position } from 'vscode-languageserver/node';
import type { FeatureContext, LayerMatch, ParsedDocument } from './feature.js';

/** What stands at a position, with its document. */
export type Subject =
  | { readonly kind: 'checkpoint'; readonly parsed: ParsedDocument; readonly reference: CheckpointReference }
  | { readonly kind: 'layer'; readonly parsed: ParsedDocument; readonly reference: LayerReference };

export function subjectAt({ documents }: FeatureContext, uri: string, position: Position): Subject | null {
  const parsed = documents.get(uri);
  if (parsed === null) return null;
  const reference = referenceAt(parsed.references, parsed.document.offsetAt(position));
  if (reference === null) return null;
  return reference.kind === 'checkpoint'
    ? { kind: 'checkpoint', parsed, reference }
    : { kind: 'layer', parsed, reference };
}

/** The file that a reference means, if it is one single file that is there. */
export async function fileOf(
  { service }: FeatureContext,
  reference: CheckpointReference,
  uri: string,
): Promise<string | null> {
  const resolution = await service.resolve(reference, uri);
  if (resolution.kind === 'file') return resolution.path;
  return resolution.kind === 'hub' ? (resolution.path ?? null) : null;
}

/**
 * Files of the document's references in the order in which a layer's name at `begin` is looked up: what its root variable was loaded
 * from, then the nearest reference above, then the next one below. Each file once; lazily, since the first usually has it.
 */
export async function* filesNear(
  context: FeatureContext,
  parsed: ParsedDocument,
  begin: number,
  root: string | undefined,
): AsyncGenerator<string> {
  const inputs = parsed.references.checkpoints.filter((candidate) => candidate.direction === 'input');
  const bound = root === undefined ? [] : inputs.filter((candidate) => candidate.boundTo === root);
  const above = inputs.filter((candidate) => candidate.end <= begin).reverse();
  const below = inputs.filter((candidate) => candidate.begin >= begin);
  const seen = new Set<string>();
  for (const candidate of [...bound.reverse(), ...above, ...below]) {
    const path = await fileOf(context, candidate, parsed.document.uri);
    if (path === null || seen.has(path)) continue;
    seen.add(path);
    yield path;
  }
}

/**
 * Checkpoints that have the layer: the first of `filesNear`; without any reference in the file the workspace's default checkpoint, else
 * every checkpoint of the workspace.
 */
export async function layersOf(
  context: FeatureContext,
  parsed: ParsedDocument,
  reference: LayerReference,
  signal: AbortSignal,
): Promise<readonly LayerMatch[]> {
  const seen = new Set<string>();
  for await (const path of filesNear(context, parsed, reference.begin, reference.root)) {
    seen.add(path);
    const matches = await context.service.findLayers(reference.name, [path], signal);
    if (matches.length > 0) return matches;
  }
  const fallback = await context.service.defaultCheckpoint(parsed.document.uri, signal);
  if (fallback !== null && !seen.has(fallback)) {
    const matches = await context.service.findLayers(reference.name, [fallback], signal);
    if (matches.length > 0) return matches;
  }
  // A chain such as `self.conv1` could be anything: it is only looked up where a checkpoint is at hand.
  if (seen.size > 0 || reference.form === 'chain') return [];
  return context.service.findLayers(reference.name, [], signal);
}
