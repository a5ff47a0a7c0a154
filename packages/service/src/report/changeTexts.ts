import { bytesText, exactCount, percentFigure, printable, shapeText } from '@espalier/base';
import type { ChangeReport, LayerChange } from '@espalier/protocol';
import type { ChangePictures } from './changePictures.js';
import { csvText } from './csv.js';
import { QUANTIZATION_HEADS, quantizationCells } from './quantizationCells.js';
import { deviceTables, runtimeTables, timeCells, timeTables } from './timeTables.js';

/** The verdict as one paragraph. */
export const verdictText = ({ verdict }: Pick<ChangeReport, 'verdict'>): string =>
  verdict.map((clause) => clause.map(({ text }) => text).join('')).join(' ');

/** The report for pull requests and notes. */
export function reportMarkdown(report: ChangeReport): string {
  const { plan, provenance } = report;
  return [
    `# ${escaped(report.title)}`,
    '',
    report.verdict
      .map((clause) => clause.map(({ text, strong }) => (strong ? `**${escaped(text)}**` : escaped(text))).join(''))
      .join('\n'),
    '',
    `Accuracy: ${accuracyText(report)}.`,
    '',
    '## What changed',
    '',
    ...table(['Quantity', 'Before', 'After', 'Change'], totalRows(report)),
    '',
    ...[...timeTables(report), ...deviceTables(report), ...runtimeTables(report)].flatMap(({ title, heads, rows }) => [
      `## ${title}`,
      '',
      ...table(heads, rows),
      '',
    ]),
    '## Layers',
    '',
    ...table(layerHeads(plan.layers), layerRows(plan.layers)),
    '',
    ...(plan.notes.length === 0
      ? []
      : [
          '## What to watch',
          '',
          ...plan.notes.map((note) => `- **${note.severity}** ${escaped(note.message)} \`${note.code}\``),
          '',
        ]),
    ...limitLines(report),
    '## How it was made',
    '',
    ...provenanceRows(report).map(([name, value]) => `- ${name}: ${escaped(value)}`),
    '',
    '```yaml',
    provenance.recipe.trimEnd(),
    '```',
    '',
  ].join('\n');
}

const limitLines = ({ limits = [] }: ChangeReport): string[] =>
  limits.length === 0
    ? []
    : ['## Budget', '', ...limits.map(({ verdict, message }) => `- **${verdict}** ${escaped(message)}`), ''];

const LAYER_HEADS = ['Layer', 'Shape', 'Weights', 'Zero % before', 'After', 'Energy kept %', 'Patterns'];

/** Every tensor, one row each; RFC 4180. */
export const reportCsv = ({ plan }: ChangeReport): string =>
  csvText([
    [
      'layer',
      'role',
      'shape',
      'elements',
      'zeros before',
      'zeros after',
      'energy kept',
      'macs before',
      'macs after, zeros skipped',
      'patterns',
      'left alone',
      'scheme',
      'scale for',
      'bits a weight',
      'SQNR dB',
      'cosine',
      'mean squared error',
      'product',
      'dense ms',
      'quickest ms',
      'quickest way',
    ],
    ...plan.layers.map((layer) => [
      layer.name,
      layer.role,
      shapeText(layer.shape.after),
      layer.elements.after,
      layer.zeros.before,
      layer.zeros.after,
      layer.energyKept,
      layer.macs?.before.dense ?? null,
      layer.macs?.after.effective ?? null,
      layer.patterns.join(' '),
      layer.leftAlone,
      layer.quantization?.scheme ?? null,
      layer.quantization?.granularity ?? null,
      layer.quantization?.bitsPerWeight ?? null,
      layer.quantization?.sqnrDb ?? null,
      layer.quantization?.cosine ?? null,
      layer.quantization?.mse ?? null,
      ...timeCells(layer),
    ]),
  ]);

/** One file that any browser shows, without scripts and without anything from elsewhere. Without `pictures` it has no heat maps and no word of them. */
export function reportHtml(report: ChangeReport, pictures: ChangePictures | null = null): string {
  const section = (title: string, body: string): string => `<section><h2>${html(title)}</h2>${body}</section>`;
  const rows = (heads: readonly string[], all: readonly (readonly string[])[]): string =>
    `<table><thead><tr>${heads.map((head) => `<th scope="col">${html(head)}</th>`).join('')}</tr></thead><tbody>${all
      .map(
        (row) =>
          `<tr>${row.map((cell, i) => (i === 0 ? `<th scope="row">${html(cell)}</th>` : `<td>${html(cell)}</td>`)).join('')}</tr>`,
      )
      .join('')}</tbody></table>`;
  const verdict = report.verdict
    .map((clause) =>
      clause.map(({ text, strong }) => (strong ? `<strong>${html(text)}</strong>` : html(text))).join(''),
    )
    .join('<br>');
  const limits = report.limits ?? [];
  const notes = report.plan.notes
    .map((note) => `<li><strong>${html(note.severity)}</strong> ${html(note.message)}</li>`)
    .join('');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>${html(report.title)}</title>
<style>
:root { color-scheme: light dark; font: 14px/1.4 system-ui, sans-serif; }
body { max-width: 1100px; margin: 24px auto; padding: 0 16px; }
.verdict { font-size: 20px; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: 2px 12px 2px 0; text-align: right; font-weight: normal; }
th[scope="row"], th:first-child { text-align: left; }
thead th { border-bottom: 1px solid; }
pre { overflow: auto; }
.pair { display: flex; flex-wrap: wrap; gap: 4px 24px; }
figure { margin: 0; }
img { display: block; width: 480px; max-width: 100%; height: auto; image-rendering: pixelated; border: 1px solid; }
</style>
</head>
<body>
<h1>${html(report.title)}</h1>
<p class="verdict">${verdict}</p>
<p>Accuracy: ${html(accuracyText(report))}.</p>
${section('What changed', rows(['Quantity', 'Before', 'After', 'Change'], totalRows(report)))}
${[...timeTables(report), ...deviceTables(report), ...runtimeTables(report)]
  .map(({ title, heads, rows: cells }) => section(title, rows(heads, cells)))
  .join('\n')}
${section('Layers', rows(layerHeads(report.plan.layers), layerRows(report.plan.layers)))}
${pictures === null ? '' : section('What the pattern looks like', picturesHtml(pictures))}
${notes === '' ? '' : section('What to watch', `<ul>${notes}</ul>`)}
${limits.length === 0 ? '' : section('Budget', `<ul>${limits.map(({ verdict, message }) => `<li><strong>${verdict}</strong> ${html(message)}</li>`).join('')}</ul>`)}
${section('How it was made', `${rows(['', ''], provenanceRows(report))}<pre>${report.provenance.recipe.split('\n').map(html).join('\n')}</pre>`)}
</body>
</html>
`;
}

function picturesHtml({ pictures, missing }: ChangePictures): string {
  if (missing !== null) return `<p>No heat maps: ${html(missing)}</p>`;
  const figure = (word: string, uri: string, name: string, width: number, height: number): string =>
    `<figure><figcaption>${word}</figcaption><img src="${uri}" width="${width}" height="${height}" alt="${html(name)}, ${word.toLowerCase()}"></figure>`;
  return [
    '<p>The layers with the largest change; exact. White is zero, light small, dark large, on one scale for both.</p>',
    ...pictures.map(
      ({ name, note, width, height, before, after }) =>
        `<h3>${html(name)}</h3><p>${html(note)}</p><div class="pair">${figure('Before', before, name, width, height)}${figure('After', after, name, width, height)}</div>`,
    ),
  ].join('\n');
}

const isTouched = ({ leftAlone }: LayerChange): boolean => leftAlone === null;
const isQuantized = ({ quantization }: LayerChange): boolean => quantization !== undefined;

/** Layers that no step stores with few bits need no columns for that. */
const layerHeads = (layers: readonly LayerChange[]): readonly string[] =>
  layers.some(isQuantized) ? [...LAYER_HEADS, ...QUANTIZATION_HEADS] : LAYER_HEADS;

function layerRows(layers: readonly LayerChange[]): string[][] {
  const wide = layers.some(isQuantized);
  return layers
    .filter(isTouched)
    .map((layer) => [...layerRow(layer), ...(wide ? quantizationCells(layer.quantization) : [])]);
}

const layerRow = (layer: LayerChange): string[] => [
  printable(layer.name),
  shapeText(layer.shape.after),
  exactCount(layer.elements.after),
  percentFigure(layer.zeros.before, layer.elements.before),
  percentFigure(layer.zeros.after, layer.elements.after),
  layer.energyKept === null ? '–' : percentFigure(layer.energyKept, 1),
  layer.patterns.join(' '),
];

function totalRows({ plan: { totals } }: ChangeReport): string[][] {
  const { parameters, prunableElements, prunableZeros, sizes, macs } = totals;
  const smaller = (before: number, after: number): string =>
    after > 0 && before > after ? `${(before / after).toFixed(1)}x smaller` : '';
  const size = (name: string, before: number, after: number): string[] => [
    name,
    bytesText(before),
    bytesText(after),
    smaller(before, after),
  ];
  return [
    ['Parameters', exactCount(parameters.before), exactCount(parameters.after), ''],
    [
      'Zeros among the weights that a step takes',
      exactCount(prunableZeros.before),
      exactCount(prunableZeros.after),
      '',
    ],
    [
      'Sparsity of these, %',
      percentFigure(prunableZeros.before, Math.max(1, prunableElements.before)),
      percentFigure(prunableZeros.after, Math.max(1, prunableElements.after)),
      '',
    ],
    size('Raw', sizes.before.raw, sizes.after.raw),
    size('CSR', sizes.before.csr, sizes.after.csr),
    size('Bitmask', sizes.before.bitmask, sizes.after.bitmask),
    ...(macs === null
      ? []
      : [
          ['Multiply-adds, dense', exactCount(macs.before.dense), exactCount(macs.after.dense), ''],
          [
            'Multiply-adds, zeros skipped',
            exactCount(macs.before.effective),
            exactCount(macs.after.effective),
            smaller(macs.before.effective, macs.after.effective).replace('smaller', 'fewer'),
          ],
        ]),
  ];
}

export function accuracyText({ accuracy, accuracyMissing }: ChangeReport): string {
  if (accuracy === null) return `not measured: ${accuracyMissing ?? 'no evaluate command'}`;
  return `${accuracy.before === null ? '' : `${accuracy.before} → `}${accuracy.after} (${accuracy.command})`;
}

function provenanceRows({ plan, provenance }: ChangeReport): [string, string][] {
  return [
    ['Input', `${plan.input.name}, SHA-256 ${provenance.inputSha256}`],
    ...provenance.outputs.map((output): [string, string] => [
      'Output',
      `${output.path}, ${bytesText(output.bytes)}, SHA-256 ${output.sha256}`,
    ]),
    ['Engine', `${provenance.engine} ${provenance.version}`],
    ['Seed', String(provenance.seed)],
    ['Machine', provenance.machine],
    ['Made', `${provenance.startedAt}, in ${provenance.seconds.toFixed(1)} s`],
  ];
}

const table = (heads: readonly string[], rows: readonly (readonly string[])[]): string[] => [
  `| ${heads.join(' | ')} |`,
  `|${heads.map((_, i) => (i === 0 ? '---' : '---:')).join('|')}|`,
  ...rows.map((row) => `| ${row.map((cell) => printable(cell).replaceAll('|', '\\|')).join(' | ')} |`),
];

const escaped = (text: string): string => printable(text).replaceAll(/([*_`[\]<>|])/g, '\\$1');

const html = (text: string): string =>
  printable(text).replaceAll(
    /[&<>"']/g,
    (char) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' })[char]!,
  );
