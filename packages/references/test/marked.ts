import { completionSiteAt, findReferences, referenceAt } from '../src/index.js';

/**
 * Checkpoints of a text, one line each: `m.pt ← torch.load`. `?` in front: not certain; `→` instead of `←`: an output.
 * `folder`, `glob` and what the value is bound to follow in brackets.
 */
export function checkpointsOf(text: string, language: string): string[] {
  return findReferences(text, language).checkpoints.map((reference) => {
    const notes = [
      ...(reference.form === 'file' ? [] : [reference.form]),
      ...(reference.repository === undefined ? [] : [`of ${reference.repository}`]),
      ...(reference.boundTo === undefined ? [] : [`as ${reference.boundTo}`]),
    ];
    const arrow = reference.direction === 'output' ? '→' : '←';
    const doubt = reference.certain || reference.direction === 'output' ? '' : '?';
    return `${doubt}${reference.path} ${arrow} ${reference.via}${notes.length > 0 ? ` [${notes.join(', ')}]` : ''}`;
  });
}

/** Names of layers, with the root where there is one: `model: layer1.0.conv1`. */
export function layersOf(text: string, language: string): string[] {
  return findReferences(text, language).layers.map(({ name, root }) =>
    root === undefined ? name : `${root}: ${name}`,
  );
}

/** A text with `|` at the cursor. */
export function cursor(marked: string): { text: string; offset: number } {
  const offset = marked.indexOf('|');
  return { text: marked.slice(0, offset) + marked.slice(offset + 1), offset };
}

/** The range of the reference under the cursor, as text. */
export function underCursor(marked: string, language: string): string | null {
  const { text, offset } = cursor(marked);
  const reference = referenceAt(findReferences(text, language), offset);
  return reference === null ? null : text.slice(reference.begin, reference.end);
}

/** `path:mod<replaced>` or `layer[root]:co<conv1>` for the cursor's place. */
export function siteOf(marked: string, language: string): string | null {
  const { text, offset } = cursor(marked);
  const site = completionSiteAt(text, language, offset);
  if (site === null) return null;
  const root = site.root === undefined ? '' : `[${site.root}]`;
  return `${site.kind}${root}:${site.prefix}<${text.slice(site.begin, site.end)}>`;
}
