import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { findBrowser } from '../../scripts/vscode/browser.mjs';
import type { FakeHost, Scenario } from './fakeHost.js';
import themes from './themes.json' with { type: 'json' };

export type ThemeName = keyof typeof themes.themes;
export const FOUR_THEMES: readonly ThemeName[] = [
  'dark-modern',
  'light-modern',
  'high-contrast',
  'high-contrast-light',
];
export const ALL_THEMES = Object.keys(themes.themes) as ThemeName[];

const here = path.dirname(fileURLToPath(import.meta.url));
const webviews = path.join(here, '..');
const ORIGIN = 'http://page.test';
const NONCE = 'a0b1c2d3';
/** What the extension allows its pages: scripts with a nonce, styles and pictures of its own, nothing inline, no eval. */
export const CSP = `default-src 'none'; script-src 'nonce-${NONCE}'; style-src ${ORIGIN}; img-src ${ORIGIN} data:; font-src ${ORIGIN};`;

/** Fonts as VS Code names them on Linux, with those that Debian has. */
const FONTS = {
  '--vscode-font-family': '"Segoe WPC", "Segoe UI", "Liberation Sans", sans-serif',
  '--vscode-font-size': '13px',
  '--vscode-editor-font-family': 'Consolas, Menlo, "DejaVu Sans Mono", monospace',
  '--vscode-editor-font-size': '14px',
};

export interface OpenOptions {
  readonly page: 'checkpoint' | 'compare' | 'report' | 'sweep' | 'doctor';
  readonly scenario: Scenario;
  readonly theme?: ThemeName;
  readonly width?: number;
  readonly height?: number;
  readonly deviceScaleFactor?: number;
  readonly reducedMotion?: boolean;
  readonly forcedColors?: boolean;
}

export interface OpenedPage {
  readonly page: Page;
  /** Things that the page must never do: breaking its content policy, errors in its console. Tests check that it is empty. */
  readonly complaints: string[];
  host<T>(use: (host: FakeHost) => T): Promise<T>;
  setTheme(theme: ThemeName): Promise<void>;
  close(): Promise<void>;
}

/** A browser and the bundles, made once for a test file. */
export class Pages {
  private constructor(
    private readonly browser: Browser,
    private readonly files: ReadonlyMap<string, string>,
  ) {}

  static async start(): Promise<Pages> {
    const found = await findBrowser({ install: true });
    if (found.path === null) throw new Error(`No browser for the page tests: ${found.reason}`);
    const [browser, files] = await Promise.all([
      chromium.launch({
        executablePath: found.path,
        args: [
          ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
          ...['--disable-component-update', '--disable-sync', '--font-render-hinting=none'],
        ],
      }),
      bundles(),
    ]);
    return new Pages(browser, files);
  }

  stop(): Promise<void> {
    return this.browser.close();
  }

  async open(options: OpenOptions): Promise<OpenedPage> {
    const { width = 1280, height = 800, theme = 'dark-modern' } = options;
    const context = await this.browser.newContext({
      viewport: { width, height },
      deviceScaleFactor: options.deviceScaleFactor ?? 1,
      reducedMotion: options.reducedMotion === true ? 'reduce' : 'no-preference',
      forcedColors: options.forcedColors === true ? 'active' : 'none',
    });
    const page = await context.newPage();
    const complaints = watch(page);
    await this.serve(context, options, theme);
    await page.goto(`${ORIGIN}/`);
    return {
      page,
      complaints,
      host: (use) => page.evaluate(`(${use})(globalThis.fakeHost)`),
      setTheme: (name) => page.evaluate(applyTheme, { ...themes.themes[name], fonts: FONTS }),
      close: () => context.close(),
    };
  }

  private async serve(context: BrowserContext, { page, scenario }: OpenOptions, theme: ThemeName): Promise<void> {
    const { bodyClass, colours } = themes.themes[theme];
    const variables = Object.entries({ ...FONTS, ...colours })
      .map(([name, value]) => `${name}: ${value.replaceAll('"', "'")};`)
      .join(' ');
    // The editor itself may write styles inline; the page under test may not. So the variables come as a stylesheet here.
    const files = new Map(this.files)
      .set('/theme.css', `:root { ${variables} }\nbody { padding: 0 20px; background-color: transparent; }`)
      .set('/host.js', `${this.files.get('/fakeHost.js')}\nfakeHostModule.install(${JSON.stringify(scenario)});`)
      .set(
        '/',
        `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${page}</title>
<meta http-equiv="Content-Security-Policy" content="${CSP}">
<link rel="stylesheet" href="/theme.css"><link rel="stylesheet" href="/${page}.css"></head>
<body class="${bodyClass}" data-vscode-theme-kind="${bodyClass}">
<script nonce="${NONCE}" src="/host.js"></script><script nonce="${NONCE}" src="/${page}.js"></script></body></html>`,
      );
    await context.route('**/*', (route) => {
      const { pathname } = new URL(route.request().url());
      const body = files.get(pathname);
      if (body === undefined) return route.fulfill({ status: 404, body: '' });
      const contentType = pathname.endsWith('.js')
        ? 'text/javascript'
        : pathname.endsWith('.css')
          ? 'text/css'
          : 'text/html';
      return route.fulfill({ body, contentType: `${contentType}; charset=utf-8` });
    });
  }
}

/** Runs in the page: what VS Code does when the person changes the theme. */
function applyTheme(theme: {
  bodyClass: string;
  colours: Record<string, string>;
  fonts: Record<string, string>;
}): void {
  const { style } = document.documentElement;
  for (const name of [...document.documentElement.style]) style.removeProperty(name);
  for (const sheet of document.styleSheets) if (sheet.href?.endsWith('/theme.css')) sheet.disabled = true;
  for (const [name, value] of Object.entries({ ...theme.fonts, ...theme.colours })) style.setProperty(name, value);
  document.body.className = theme.bodyClass;
  document.body.dataset['vscodeThemeKind'] = theme.bodyClass;
}

function watch(page: Page): string[] {
  const complaints: string[] = [];
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}\n${error.stack ?? ''}`));
  page.on('console', (message) => {
    // The tests read pixels; the page itself does not.
    if (message.text().includes('willReadFrequently')) return;
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(`console: ${message.text()}`);
  });
  return complaints;
}

async function bundles(): Promise<ReadonlyMap<string, string>> {
  const made = await build({
    absWorkingDir: webviews,
    entryPoints: [
      ...['checkpoint', 'compare', 'report', 'sweep', 'doctor'].flatMap((page) => [
        { in: `src/${page}/main.ts`, out: page },
        { in: `src/${page}/page.css`, out: page },
      ]),
      { in: 'test/fakeHost.ts', out: 'fakeHost' },
    ],
    outdir: 'dist',
    bundle: true,
    format: 'iife',
    globalName: 'fakeHostModule',
    target: 'chrome132',
    conditions: ['@espalier/source'],
    define: { 'process.env.NODE_ENV': '"production"' },
    write: false,
  });
  return new Map(made.outputFiles.map((file) => [`/${path.basename(file.path)}`, file.text]));
}

/** What a person reads in an element, with its line breaks. */
export async function seenText(page: Page, selector: string): Promise<string> {
  // biome-ignore lint/performance/useDomNodeTextContent: text that is hidden is not seen
  return page.locator(selector).innerText();
}
