import type { Theme } from './codeServer.mjs';

export interface CodeServerLine {
  vscode: string;
  node: number;
  native: readonly { module: string; inside: 'install' | 'vscode' }[];
  ripgrep: string | null;
  themes: Readonly<Record<Theme, string>>;
}

export const CODE_SERVERS: Readonly<Record<string, CodeServerLine>>;
export const CURRENT: string;
export const OLDEST: string;
