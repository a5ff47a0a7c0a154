/** A colour as the screen shows it: opaque, 0 to 255. */
export type Rgb = readonly [red: number, green: number, blue: number];

/** The colours that drawings need, resolved from the theme's variables. */
export interface Theme {
  readonly paper: Rgb;
  readonly ink: Rgb;
  readonly quiet: Rgb;
  readonly track: Rgb;
  readonly grid: Rgb;
  readonly bar: Rgb;
  readonly zero: Rgb;
  readonly fewer: Rgb;
  readonly warning: Rgb;
  readonly error: Rgb;
  readonly focus: Rgb;
  readonly dark: boolean;
  /** A font for figures on a canvas, without its size. */
  readonly figures: string;
}

const VARIABLES = {
  paper: '--paper',
  ink: '--ink',
  quiet: '--quiet',
  track: '--track',
  grid: '--grid-line',
  bar: '--bar',
  zero: '--zero',
  fewer: '--fewer',
  warning: '--warning',
  error: '--error',
  focus: '--focus',
} as const;

let current: Theme | undefined;
const listeners = new Set<() => void>();

/** The theme as it is now. Kept until the theme changes. */
export function theme(): Theme {
  current ??= readTheme();
  return current;
}

/** Calls back after the theme changed. Returns the function that stops it. */
export function onThemeChange(listener: () => void): () => void {
  if (listeners.size === 0) watch();
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export const rgbText = ([red, green, blue]: Rgb): string => `rgb(${red},${green},${blue})`;

/** Perceived lightness 0 to 1 of an sRGB colour: CIE L* / 100. */
export function lightness([red, green, blue]: Rgb): number {
  const linear = (channel: number): number => {
    const c = channel / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  };
  const y = 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
  return (y <= 216 / 24389 ? y * (24389 / 27) : 116 * Math.cbrt(y) - 16) / 100;
}

function readTheme(): Theme {
  // A theme may write a colour in any syntax and with alpha. The browser resolves the syntax, a pixel the alpha.
  const probe = document.createElement('span');
  probe.hidden = true;
  document.body.append(probe);
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 1;
  const pen = canvas.getContext('2d', { willReadFrequently: true })!;
  const colourOf = (variable: string): string => {
    probe.style.color = '';
    probe.style.color = `var(${variable})`;
    return getComputedStyle(probe).color;
  };
  const paper = colourOf('--paper');
  const resolved = Object.entries(VARIABLES).map(([name, variable]) => {
    pen.fillStyle = paper;
    pen.fillRect(0, 0, 1, 1);
    pen.fillStyle = colourOf(variable);
    pen.fillRect(0, 0, 1, 1);
    const [red = 0, green = 0, blue = 0] = pen.getImageData(0, 0, 1, 1).data;
    return [name, [red, green, blue] as const];
  });
  const figures = getComputedStyle(document.documentElement).getPropertyValue('--vscode-editor-font-family').trim();
  probe.remove();
  const colours = Object.fromEntries(resolved) as Record<keyof typeof VARIABLES, Rgb>;
  return { ...colours, dark: lightness(colours.paper) < 0.5, figures: figures || 'monospace' };
}

function watch(): void {
  const changed = (): void => {
    current = undefined;
    for (const listener of listeners) listener();
  };
  // The editor writes its variables into the root's style and the kind of theme onto the body.
  const observer = new MutationObserver(changed);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ['style', 'class'] });
  observer.observe(document.body, { attributes: true, attributeFilter: ['class', 'data-vscode-theme-kind'] });
  matchMedia('(forced-colors: active)').addEventListener('change', changed);
}
