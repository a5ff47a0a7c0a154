import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import type { Settings } from '../features/feature.js';

export const DEFAULT_SETTINGS: Settings = {
  searchRoots: [],
  defaultCheckpoint: null,
  scanAutomatically: true,
  scanLimitBytes: 2_000_000_000,
  nearZeroRatio: 1e-8,
  codeLens: true,
  inlayHints: true,
  diagnostics: true,
};

/** The section `espalier` of a client's configuration, checked: what has the wrong type counts as not set. */
export function readSettings(section: unknown, workspaceFolders: readonly string[]): Settings {
  const lookUp = (key: string): unknown => {
    let value: unknown = section;
    for (const part of key.split('.')) value = isObject(value) ? value[part] : undefined;
    return value;
  };
  const flag = (key: string, otherwise: boolean): boolean => {
    const value = lookUp(key);
    return typeof value === 'boolean' ? value : otherwise;
  };
  const number = (key: string, otherwise: number, min: number, max: number): number => {
    const value = lookUp(key);
    return typeof value === 'number' && value >= min && value <= max ? value : otherwise;
  };
  const text = (key: string): string | null => {
    const value = lookUp(key);
    return typeof value === 'string' && value.trim() !== '' ? value.trim() : null;
  };
  const roots = lookUp('searchRoots');
  const absolute = (path: string): string[] => {
    const expanded = path.replace(/^~(?=$|[\\/])/, homedir());
    return isAbsolute(expanded) ? [expanded] : workspaceFolders.map((folder) => join(folder, expanded));
  };
  return {
    searchRoots: Array.isArray(roots) ? roots.filter((root) => typeof root === 'string').flatMap(absolute) : [],
    defaultCheckpoint: text('defaultCheckpoint'),
    scanAutomatically: flag('scan.automatic', DEFAULT_SETTINGS.scanAutomatically),
    scanLimitBytes: number('scan.limitGB', DEFAULT_SETTINGS.scanLimitBytes / 1e9, 0, 1e6) * 1e9,
    nearZeroRatio: number('numericallyDead.ratio', DEFAULT_SETTINGS.nearZeroRatio, 0, 0.1),
    codeLens: flag('codeLens.enabled', DEFAULT_SETTINGS.codeLens),
    inlayHints: flag('inlayHints.enabled', DEFAULT_SETTINGS.inlayHints),
    diagnostics: flag('diagnostics.enabled', DEFAULT_SETTINGS.diagnostics),
  };
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
