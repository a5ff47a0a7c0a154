export type Theme = 'dark' | 'light' | 'hcDark' | 'hcLight';

export interface StartOptions {
  version?: string;
  workspace: string;
  vsix?: string | readonly string[];
  userDataDir?: string;
  extensionsDir?: string;
  settings?: Record<string, unknown>;
  theme?: Theme;
  trust?: boolean;
  port?: number;
  env?: Record<string, string>;
  cache?: string;
  installTools?: boolean;
}

export interface RunningCodeServer {
  url: string;
  version: string;
  pid: number;
  workspace: string;
  userDataDir: string;
  extensionsDir: string;
  logs(): string;
  exited: Promise<void>;
  changeSettings(changes: Record<string, unknown>): void;
  changeTheme(theme: Theme): void;
  stop(): Promise<void>;
}

export const QUIET_SETTINGS: Readonly<Record<string, unknown>>;
export function startCodeServer(options: StartOptions): Promise<RunningCodeServer>;
export function editorEnv(env?: NodeJS.ProcessEnv): NodeJS.ProcessEnv;
export function listeningUrl(text: string): string | null;
