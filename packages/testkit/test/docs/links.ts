import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from './repository.js';

/** Relative links of a Markdown file that lead nowhere, as sentences. */
export function deadLinks(path: string): string[] {
  const text = withoutCode(readFileSync(join(root, path), 'utf8'));
  return linksOf(text).flatMap((link) => {
    if (/^(?:[a-z][a-z0-9+.-]*:|\/\/)/i.test(link)) return [];
    const [target, anchor] = link.split('#', 2) as [string, string | undefined];
    const file = target === '' ? join(root, path) : join(root, dirname(path), decodeURIComponent(target));
    if (!existsSync(file)) return [`${path}: ${link} does not exist`];
    if (anchor === undefined || statSync(file).isDirectory() || !file.endsWith('.md')) return [];
    return anchorsOf(readFileSync(file, 'utf8')).has(anchor) ? [] : [`${path}: ${link} has no such heading`];
  });
}

/** Targets of inline links, images, reference definitions and HTML attributes. */
const linksOf = (text: string): string[] =>
  [
    ...text.matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g),
    ...text.matchAll(/^\[[^\]]+\]:\s*(\S+)/gm),
    ...text.matchAll(/\b(?:src|href)="([^"]+)"/g),
  ].map((match) => match[1]!);

const withoutCode = (text: string): string => text.replaceAll(/^```[\s\S]*?^```/gm, '').replaceAll(/`[^`\n]*`/g, '');

/** Anchors that GitHub gives to the headings of a text. */
export function anchorsOf(text: string): ReadonlySet<string> {
  const seen = new Map<string, number>();
  const anchors = new Set<string>();
  for (const [, heading] of text.replaceAll(/^```[\s\S]*?^```/gm, '').matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)) {
    const slug = heading!
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(/\s/g, '-');
    const times = seen.get(slug) ?? 0;
    seen.set(slug, times + 1);
    anchors.add(times === 0 ? slug : `${slug}-${times}`);
  }
  for (const [, id] of text.matchAll(/<a (?:id|name)="([^"]+)"/g)) anchors.add(id!);
  return anchors;
}
