import type { Browser, Frame, Page } from 'playwright-core';
import type { RunningCodeServer, Theme } from './codeServer.mjs';

export interface WindowOptions {
  url?: string;
  server?: RunningCodeServer;
  browser?: string;
  theme?: Theme;
  width?: number;
  height?: number;
  scale?: number;
}

export interface EditorWindow {
  page: Page;
  errors: string[];
  close(): Promise<void>;
}

export function launchBrowser(options?: { browser?: string }): Promise<Browser>;
export function openWindow(options: WindowOptions): Promise<EditorWindow>;
export function changeTheme(page: Page, server: RunningCodeServer, theme: Theme): Promise<void>;
export function quickOpen(page: Page, file: string): Promise<void>;
export function runCommand(page: Page, title: string): Promise<void>;
export function webviewFrame(
  page: Page,
  isIt?: string | (() => boolean),
  options?: { timeoutMs?: number },
): Promise<Frame>;
export function screenshot(page: Page, file: string): Promise<string>;
