import type { HeatmapTile } from '@espalier/analysis';
import type { ChangeReport, LayerChange } from '@espalier/protocol';
import { filesOfReport } from '../change/filesOfReport.js';
import type { Files } from '../ports.js';
import type { Service } from '../service.js';
import { bitmap, dataUri } from './bitmap.js';

/** A layer before and after, as pictures of the same window and scale. */
export interface ChangePicture {
  readonly name: string;
  /** What a pixel is, and of what part. */
  readonly note: string;
  readonly width: number;
  readonly height: number;
  /** Data URIs. */
  readonly before: string;
  readonly after: string;
}

export interface ChangePictures {
  readonly pictures: readonly ChangePicture[];
  /** Why there are none; null where there are. */
  readonly missing: string | null;
}

const LAYERS = 3;
/** Pixels of a picture, at most: what a page of a few hundred kilobytes has room for. */
const WIDE = 192;
const HIGH = 128;
/** A larger layer would have to be read as a whole for a few pixels: its first rows and columns stand for it. */
const MOST_ELEMENTS = 16e6;
const FIRST_STEP = 4;

/** Pictures of the layers that changed most, from both files as they are now: a report does not keep weights. Aborts fly. */
export async function changePictures(
  service: Pick<Service, 'matrix' | 'compareTile'>,
  files: Files,
  report: ChangeReport,
  signal: AbortSignal,
): Promise<ChangePictures> {
  const none = (missing: string): ChangePictures => ({ pictures: [], missing });
  const { plan, provenance } = report;
  const [output] = provenance.outputs;
  if (output === undefined) return none('The run wrote no output.');
  const since = await filesOfReport(files, report);
  if (since.input !== 'same') return none(`The input ${AFTER[since.input]}; a report does not keep its weights.`);
  if (since.outputs[0] !== 'same')
    return none(`The output ${AFTER[since.outputs[0]!]}; a report does not keep its weights.`);
  const pictures: ChangePicture[] = [];
  for (const layer of mostChanged(plan.layers)) {
    if (pictures.length === LAYERS) break;
    const picture = await pictureOf(service, plan.input.path, output.path, layer, signal);
    if (picture !== null) pictures.push(picture);
  }
  return pictures.length === 0
    ? none('No layer that changed has values of the same name in both files.')
    : { pictures, missing: null };
}

const AFTER = { changed: 'was written to since the run', gone: 'is not there any more' } as const;

const changeOf = ({ zeros, elements }: LayerChange): number =>
  Math.abs(zeros.after - zeros.before) + Math.abs(elements.before - elements.after);
const mostChanged = (layers: readonly LayerChange[]): readonly LayerChange[] =>
  layers.filter(({ leftAlone }) => leftAlone === null).toSorted((a, b) => changeOf(b) - changeOf(a));

async function pictureOf(
  service: Pick<Service, 'matrix' | 'compareTile'>,
  before: string,
  after: string,
  { name, elements }: LayerChange,
  signal: AbortSignal,
): Promise<ChangePicture | null> {
  const sizes = await service.matrix({ path: after, tensor: name }, signal);
  const was = await service.matrix({ path: before, tensor: name }, signal);
  if (!sizes.ok || !was.ok) return null;
  const rows = Math.min(sizes.value.kernel.rows, was.value.kernel.rows);
  const columns = Math.min(sizes.value.kernel.columns, was.value.kernel.columns);
  if (rows === 0 || columns === 0) return null;
  const whole = elements.before <= MOST_ELEMENTS;
  const step = whole ? Math.max(1, Math.ceil(rows / HIGH), Math.ceil(columns / WIDE)) : FIRST_STEP;
  const window = {
    layout: 'kernel',
    rowBegin: 0,
    rowEnd: Math.min(rows, HIGH * step),
    columnBegin: 0,
    columnEnd: Math.min(columns, WIDE * step),
    step,
    signed: false,
  } as const;
  const tile = await service.compareTile({ before, after, tensor: name, ...window }, signal);
  if (!tile.ok) return null;
  const part =
    window.rowEnd === rows && window.columnEnd === columns
      ? `${rows} × ${columns}`
      : `the first ${window.rowEnd} × ${window.columnEnd} of ${rows} × ${columns}`;
  const gone =
    elements.after === elements.before
      ? ''
      : ' Channels were taken out: rows and columns after the first gap are not the same channels.';
  const { before: first, after: second } = tile.value;
  const high = Math.max(first.high, second.high);
  return {
    name,
    note: `${part}; ${step === 1 ? 'a pixel is a weight' : `a pixel is the mean of ${step} × ${step}`}.${gone}`,
    width: second.columns,
    height: second.rows,
    before: drawn(first, high),
    after: drawn(second, high),
  };
}

/** White is zero, light is small, dark is large. */
const PALETTE = Array.from({ length: 256 }, (_, level): readonly [number, number, number] => {
  if (level === 0) return [255, 255, 255];
  const t = Math.sqrt(level / 255);
  return [Math.round(205 - 195 * t), Math.round(222 - 182 * t), Math.round(245 - 145 * t)];
});

function drawn({ rows, columns, levels, zeroShare, high: own }: HeatmapTile, high: number): string {
  const pixels = levels.map((level, i) =>
    zeroShare[i] === 255 ? 0 : Math.max(1, Math.min(255, Math.round((level * own) / (high || 1)))),
  );
  return dataUri('image/bmp', bitmap(columns, rows, pixels, PALETTE));
}
