/** Tables of what a benchmark returned: it may also return plain rows with `medianMs` and `limitMs`. */
export function tablesOf(file, result) {
  if (result.every((item) => Array.isArray(item.rows))) return result;
  const rows = result.map(({ name, medianMs, minMs, maxMs, limitMs }) => ({
    name,
    median: medianMs,
    unit: 'ms',
    spread: [minMs, maxMs],
    ratio: { to: `${limitMs} ms`, value: limitMs / medianMs, target: 1 },
  }));
  return [{ title: file.replace(/\.bench\.ts$/, '').replace(/^./, (letter) => letter.toUpperCase()), notes: [], rows }];
}

const HEAD = ['', 'median', 'spread', 'CPU', 'against', 'ratio', 'aim'];

/** The cells of a row, as texts. */
export function cellsOf({ name, median, unit, spread, cpuMs, ratio, note }) {
  return [
    note === undefined ? name : `${name} (${note})`,
    `${figure(median)} ${unit}`,
    spread === undefined ? '' : `${figure(spread[0])} – ${figure(spread[1])}`,
    cpuMs === undefined ? '' : `${figure(cpuMs)} ms`,
    ratio?.to ?? '',
    ratio === undefined ? '' : `${ratio.value.toFixed(2)}x`,
    ratio?.target === undefined ? '' : `${ratio.target}x ${ratio.value >= ratio.target ? 'reached' : 'missed'}`,
  ];
}

const figure = (value) => (value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2));

/** A table for the terminal. */
export function printed({ title, notes, rows }) {
  const cells = [HEAD, ...rows.map(cellsOf)];
  const widths = HEAD.map((_, column) => Math.max(...cells.map((row) => row[column].length)));
  const lines = cells.map((row) =>
    row
      .map((cell, column) =>
        column === 0 || column === 4 ? cell.padEnd(widths[column]) : cell.padStart(widths[column]),
      )
      .join('  ')
      .trimEnd(),
  );
  return [`\n${title}`, ...notes.map((note) => `  ${note}`), ...lines.map((line) => `  ${line}`)].join('\n');
}

/** The page of the documentation. */
export function documentOf(machine, tables) {
  const parts = tables.map(({ title, notes, rows }) =>
    [
      `## ${title}`,
      notes.join(' '),
      [HEAD, HEAD.map((_, column) => (column === 0 || column === 4 ? '---' : '--:')), ...rows.map(cellsOf)]
        .map((row) => `| ${row.join(' | ')} |`)
        .join('\n'),
    ]
      .filter((part) => part !== '')
      .join('\n\n'),
  );
  return [
    '# Benchmarks',
    'Made by `npm run bench`. Medians of one run in which all contenders of a table take turns; the spread is the slowest and the fastest repetition, CPU is the time of all threads together in the median repetition. A ratio says how many times faster the row is than what stands in “against”.',
    machine.map((line) => `- ${line}`).join('\n'),
    ...parts,
    BOUNDS,
  ]
    .join('\n\n')
    .concat('\n');
}

const BOUNDS = `## What bounds the speed

- **One pass** is bound by reading: copying page-cached bytes into memory takes more than half of the time, for the native loop as well. The
  kernel works with 128-bit vectors, the native loop with 256-bit ones.
- **Quantiles and the histogram** are exact. They take a second read and, for every value, two look-ups: its leading bits in the first read, its
  bin in the second. Each is about one access to memory a value, which no vector instruction of WebAssembly does for several values at once.
  A histogram of 256 bins alone costs a native loop two to three times as much as one-pass statistics do. Everything together takes five to six
  times as long as one pass on one thread, about three times on two.
- **Patterns, blocks and dead channels** are computed from one bit a value that the first kernel leaves behind, 64 or 128 at a time.
- **The digest** looks at every value once more while it is in the cache.`;
