/** Numbers as people read them. The locale is a parameter: the editor's in the editor, `en-US` in the terminal. */

/** `11.2 M`, `589 k`, `412`: three significant digits, for prose. */
export function compactCount(count: number, locale = 'en-US'): string {
  return withUnit(count, ['', ' k', ' M', ' G', ' T'], locale);
}

/** `44.7 MB`: decimal units, three significant digits. */
export function bytesText(bytes: number, locale = 'en-US'): string {
  return withUnit(bytes, [' B', ' kB', ' MB', ' GB', ' TB', ' PB', ' EB'], locale);
}

/** `1,179,648`. */
export const exactCount = (count: number, locale = 'en-US'): string => count.toLocaleString(locale);

/** `71.3`, `0` and `100` only when exact, else `< 0.1` and `> 99.9`: a share as percent without the sign. */
export function percentFigure(part: number, whole: number, locale = 'en-US'): string {
  if (part === 0 || whole === 0) return '0';
  if (part === whole) return '100';
  const percent = (100 * part) / whole;
  if (percent < 0.05) return `< ${oneDecimal(0.1, locale)}`;
  if (percent >= 99.95) return `> ${oneDecimal(99.9, locale)}`;
  return oneDecimal(percent, locale);
}

/** `71.3 %`. */
export const percentText = (part: number, whole: number, locale = 'en-US'): string =>
  `${percentFigure(part, whole, locale)} %`;

/** Four significant digits and a true minus sign: `−0.0031`, `1.204e−9`. */
export function valueText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞';
  if (value === 0) return '0';
  const size = Math.abs(value);
  const text = size >= 1e6 || size < 1e-4 ? value.toExponential(3) : String(Number(value.toPrecision(4)));
  return text.replaceAll('-', '−');
}

const oneDecimal = (value: number, locale: string): string =>
  value.toLocaleString(locale, { minimumFractionDigits: 1, maximumFractionDigits: 1 });

function withUnit(value: number, units: readonly string[], locale: string): string {
  let scaled = value;
  let unit = 0;
  // 999.5 would round to four digits: it belongs to the next unit.
  while (scaled >= 999.5 && unit < units.length - 1) {
    scaled /= 1000;
    unit++;
  }
  const digits = unit === 0 ? 0 : scaled >= 99.95 ? 0 : scaled >= 9.995 ? 1 : 2;
  const text = scaled.toLocaleString(locale, { minimumFractionDigits: 0, maximumFractionDigits: digits });
  return `${text}${units[unit]}`;
}
