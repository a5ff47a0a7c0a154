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
 * Where a layer is looked for: the checkpoint bound to its root variable, else the nearest reference above it, else the next one below;
 * without any reference in the file the workspace's default checkpoint, else every checkpoint of the workspace.
 */
export async function layersOf(
  context: FeatureContext,
  parsed: ParsedDocument,
  reference: LayerReference,
  signal: AbortSignal,
): Promise<readonly LayerMatch[]> {
  const { uri } = parsed.document;
  const inputs = parsed.references.checkpoints.filter((candidate) => candidate.direction === 'input');
  const bound = reference.root === undefined ? [] : inputs.filter((candidate) => candidate.boundTo === reference.root);
  const above = inputs.filter((candidate) => candidate.end <= reference.begin).reverse();
  const below = inputs.filter((candidate) => candidate.begin >= reference.end);
  const seen = new Set<string>();
  for (const candidate of [...bound.reverse(), ...above, ...below]) {
    const path = await fileOf(context, candidate, uri);
    if (path === null || seen.has(path)) continue;
    seen.add(path);
    const matches = await context.service.findLayers(reference.name, [path], signal);
    if (matches.length > 0) return matches;
  }
  const fallback = await context.service.defaultCheckpoint(uri, signal);
  if (fallback !== null && !seen.has(fallback)) {
    const matches = await context.service.findLayers(reference.name, [fallback], signal);
    if (matches.length > 0) return matches;
  }
  // A chain such as `self.conv1` could be anything: it is only looked up where a checkpoint is at hand.
  if (seen.size > 0 || reference.form === 'chain') return [];
  return context.service.findLayers(reference.name, [], signal);
}
