/** A figure and its unit apart, because pages set them in different type. */
export interface Quantity {
  readonly value: string;
  readonly unit: string;
}

/** Figures as people read them, in one locale. A minus is always `−`. */
export interface Numbers {
  /** `2,010,120` */
  integer(n: number): string;
  /** `−0.18` */
  fixed(n: number, decimals: number): string;
  /** `+0.18`, `−0.18`, `0.00` */
  signed(n: number, decimals: number): string;
  /** `+40,698` */
  signedInteger(n: number): string;
  /** Three significant digits from a million on: `11.2` `M`. Smaller counts are exact. */
  count(n: number): Quantity;
  /** Decimal units: `44.7` `MB`. */
  bytes(n: number): Quantity;
  /** Digits alone, one decimal: `80.0`. `0` and `100` only when exact, else `<0.1` and `>99.9`. */
  percent(part: number, whole: number): string;
  /** A weight: three significant digits, `−3.10e−4` where zeros would push them out. */
  value(x: number): string;
  /** The same with a sign where it is positive. */
  signedValue(x: number): string;
  /** `14:32` */
  time(ms: number): string;
}

const MINUS = '\u2212';
const COUNT_UNITS = ['', '', 'M', 'B', 'T'] as const;
const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;

export function createNumbers(locale: string): Numbers {
  const known = supported(locale);
  const formats = new Map<string, Intl.NumberFormat>();
  const format = (n: number, key: string, options: Intl.NumberFormatOptions): string => {
    let made = formats.get(key);
    if (made === undefined) {
      made = new Intl.NumberFormat(known, options);
      formats.set(key, made);
    }
    return made.format(n).replace('-', MINUS);
  };
  const fixed = (n: number, decimals: number): string => {
    const text = format(n, `f${decimals}`, { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
    // A rounded zero has no sign.
    return text.startsWith(MINUS) && !/[1-9]/.test(text) ? text.slice(1) : text;
  };
  const integer = (n: number): string => fixed(n, 0);
  const signed = (n: number, decimals: number): string => {
    const text = fixed(n, decimals);
    return n > 0 && /[1-9]/.test(text) ? `+${text}` : text;
  };
  const digits = (n: number): string =>
    Math.abs(n) >= 99.95 ? fixed(n, 0) : Math.abs(n) >= 9.995 ? fixed(n, 1) : fixed(n, 2);
  const scaled = (n: number, units: readonly string[]): Quantity => {
    let power = 0;
    let rest = n;
    // 999.6 would be written 1,000.
    while (Math.abs(rest) >= 999.5 && power < units.length - 1) {
      rest /= 1000;
      power++;
    }
    return { value: power === 0 ? integer(rest) : digits(rest), unit: units[power]! };
  };
  const value = (x: number): string => {
    if (Number.isNaN(x)) return 'NaN';
    if (!Number.isFinite(x)) return x > 0 ? '∞' : `${MINUS}∞`;
    const size = Math.abs(x);
    if (size === 0) return '0';
    if (size < 0.000995 || size >= 999_500) {
      const [mantissa = '', exponent = ''] = x.toExponential(2).split('e');
      return `${fixed(Number(mantissa), 2)}e${exponent.replace('+', '').replace('-', MINUS)}`;
    }
    const decimals = Math.max(0, 2 - Math.floor(Math.log10(Number(size.toPrecision(3)))));
    return fixed(x, decimals);
  };

  return {
    integer,
    fixed,
    signed,
    signedInteger: (n) => signed(n, 0),
    count: (n) => (Math.abs(n) < 999_500 ? { value: integer(n), unit: '' } : scaled(n, COUNT_UNITS)),
    bytes: (n) => scaled(n, BYTE_UNITS),
    percent: (part, whole) => {
      if (part === 0) return integer(0);
      if (part === whole) return integer(100);
      const share = (part / whole) * 100;
      if (share < 0.05) return `<${fixed(0.1, 1)}`;
      if (share >= 99.95) return `>${fixed(99.9, 1)}`;
      return fixed(share, 1);
    },
    value,
    signedValue: (x) => (x > 0 ? `+${value(x)}` : value(x)),
    time: (ms) => new Intl.DateTimeFormat(known, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(ms),
  };
}

function supported(locale: string): string {
  try {
    return Intl.NumberFormat.supportedLocalesOf(locale)[0] ?? 'en';
  } catch {
    return 'en';
  }
}
