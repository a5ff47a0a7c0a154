import type { Literal } from '../literal.js';
import { kindByPrefix, stringSite } from '../program/siteInProgram.js';
import type { CompletionSite } from '../reference.js';
import { namesLayers, purposeOf } from '../vocabulary/words.js';
import { walkJson } from './json.js';
import { walkToml } from './toml.js';
import { walkYaml } from './yaml.js';

/** Where completion stands in JSON, YAML and TOML. */
export function siteInConfig(text: string, language: 'json' | 'yaml' | 'toml', offset: number): CompletionSite | null {
  if (language !== 'yaml') return siteIn(text, language === 'json' ? walkJson : walkToml, offset);
  // A plain scalar that is not there yet is no node: one letter is put in its place, and taken out again.
  const site = siteIn(`${text.slice(0, offset)}x${text.slice(offset)}`, walkYaml, offset + 1);
  if (site === null) return null;
  return { ...site, end: Math.max(site.begin, site.end - 1), prefix: text.slice(site.begin, offset) };
}

function siteIn(text: string, walk: typeof walkJson, offset: number): CompletionSite | null {
  let site: CompletionSite | null = null;
  const holds = (literal: Literal): boolean => literal.begin <= offset && offset <= literal.end;
  walk(text, {
    key(_path, literal) {
      if (holds(literal) && text.slice(literal.begin, offset).includes('.'))
        site = stringSite('layer', literal, offset, text);
    },
    text(path, literal) {
      if (!holds(literal)) return;
      const key = path[path.length - 1] ?? '';
      const prefix = text.slice(literal.begin, offset);
      const purpose = purposeOf(key);
      const kind =
        namesLayers(key) && !prefix.includes('/')
          ? 'layer'
          : purpose === 'load' || purpose === 'output'
            ? 'path'
            : kindByPrefix(prefix);
      site = kind === null ? null : stringSite(kind, literal, offset, text);
    },
  });
  return site;
}
