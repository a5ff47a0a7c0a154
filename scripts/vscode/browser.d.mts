export interface Machine {
  platform: NodeJS.Platform;
  env: NodeJS.ProcessEnv;
  home: string;
  exists(file: string): boolean;
  list(folder: string): string[];
}
export type BrowserSearch = { path: string; how: string } | { path: null; reason: string };

export const DEBIAN_PACKAGES: readonly string[];
export function findBrowser(options?: { install?: boolean; machine?: Machine }): Promise<BrowserSearch>;
export function lookForBrowser(machine?: Machine): BrowserSearch;
