import type { References } from '../reference.js';
import { ConfigFinder } from './configValue.js';
import { walkJson } from './json.js';
import { walkToml } from './toml.js';
import { walkYaml } from './yaml.js';

/** References in configuration files. */
export function findInConfig(text: string, language: 'json' | 'yaml' | 'toml'): References {
  const finder = new ConfigFinder();
  const visitor = {
    key: (_path: readonly string[], literal: Parameters<ConfigFinder['key']>[0]): void => finder.key(literal),
    text: (path: readonly string[], literal: Parameters<ConfigFinder['key']>[0]): void => finder.value(path, literal),
  };
  const walk = language === 'json' ? walkJson : language === 'yaml' ? walkYaml : walkToml;
  walk(text, visitor);
  return finder;
}
