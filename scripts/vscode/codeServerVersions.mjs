/**
 * The VS Codes that Espalier is tried in. code-server carries a complete VS Code server inside an npm package, so
 * its Node extension host runs the extension exactly as the desktop does, and any Chromium is the window.
 *
 * `native` lists the modules that VS Code loads and that npm installs as sources (or with prebuilt files for some
 * platforms); modules that are never loaded here (kerberos, sqlite3) are left unbuilt.
 *
 * @typedef {{vscode: string, node: number, native: readonly {module: string, inside: 'install' | 'vscode'}[],
 *   ripgrep: string | null, themes: Readonly<Record<'dark' | 'light' | 'hcDark' | 'hcLight', string>>}} CodeServerLine
 *   `ripgrep`: version of the registry's ripgrep to put in place where the package would download its own;
 *   `themes`: the names of the themes that this VS Code starts with
 */

/** @type {Readonly<Record<string, CodeServerLine>>} */
export const CODE_SERVERS = {
  '4.139.1': {
    vscode: '1.139.1',
    node: 24,
    native: [
      { module: 'argon2', inside: 'install' },
      { module: '@vscode/spdlog', inside: 'vscode' },
      { module: '@vscode/native-watchdog', inside: 'vscode' },
      { module: 'node-pty', inside: 'vscode' },
    ],
    ripgrep: null,
    themes: {
      dark: 'Dark 2026',
      light: 'Light 2026',
      hcDark: 'Default High Contrast',
      hcLight: 'Default High Contrast Light',
    },
  },
  '4.100.3': {
    vscode: '1.100.3',
    node: 20,
    native: [
      { module: 'argon2', inside: 'install' },
      { module: '@vscode/spdlog', inside: 'vscode' },
      { module: 'native-watchdog', inside: 'vscode' },
      { module: 'node-pty', inside: 'vscode' },
    ],
    ripgrep: '1.18.0',
    themes: {
      dark: 'Default Dark Modern',
      light: 'Default Light Modern',
      hcDark: 'Default High Contrast',
      hcLight: 'Default High Contrast Light',
    },
  },
};

/** What users have today: end-to-end tests, screenshots and the demo. */
export const CURRENT = '4.139.1';

/** The oldest that the extension's `engines.vscode` promises: a smoke test. */
export const OLDEST = '4.100.3';
