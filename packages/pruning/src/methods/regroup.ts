import type { Options } from '@espalier/base';
import { kernelMatrix } from '../kernelMatrix.js';
import type { Mask } from '../mask.js';
import { maskBits } from '../maskBits.js';
import { keepNan, nanNote } from '../masks/nan.js';
import { nonZeros } from '../masks/nonZeros.js';
import type { MaskMethod, Note } from '../method.js';
import { bitRowsOf } from '../structure/bitRows.js';
import { type DenseBlock, maskOfBlocks } from '../structure/denseBlocks.js';
import { type RegroupedLayer, type RegroupOptions, type RegroupRule, regroupLayer } from '../structure/regroupLayer.js';

export const regroup: MaskMethod = {
  description: {
    verb: 'structure',
    name: 'regroup',
    summary: 'Group output channels that share inputs, fill a dense block for each group, and empty everything else.',
    source: 'Chen et al., "Coarsening the Granularity", ICML 2022 (arXiv 2202.04736), §3.3',
    parameters: {
      mode: {
        kind: 'oneOf',
        default: 'paper',
        doc: 'How the columns of a block are chosen.',
        values: [
          { value: 'paper', doc: 'Columns that enough channels of the group share.' },
          { value: 'compat', doc: 'As the released code makes masks: one pass, 8 groups, its rule for the width.' },
          {
            value: 'compat-inference',
            doc: 'As the released code reads masks again; a layer without any block becomes wholly dense.',
          },
        ],
      },
      groups: {
        kind: 'integer',
        minimum: 1,
        maximum: 1024,
        doc: 'Number of groups; left out: one for each 32 channels, at most 8 (compat: 8).',
      },
      imbalance: { kind: 'ratio', default: 0.1, doc: 'How far the sizes of groups may be from their mean.' },
      share: {
        kind: 'ratio',
        default: 0.4,
        open: 'low',
        doc: 'A column belongs to a block if at least this share of the channels of the group have a weight there (paper).',
      },
      rows: {
        kind: 'integer',
        minimum: 1,
        doc: 'Groups of fewer channels get no block; left out: 8 (compat: 17).',
      },
      columns: {
        kind: 'integer',
        minimum: 1,
        default: 8,
        doc: 'Groups that share fewer columns get no block (paper).',
      },
      repeat: {
        kind: 'flag',
        default: true,
        doc: 'Group channels without a block again, until no block is found (paper).',
      },
      width: {
        kind: 'number',
        minimum: 0,
        default: 1.5,
        doc: 'Blocks grow until their width is this many times what each channel has left outside (compat).',
      },
      tile: { kind: 'integer', minimum: 1, default: 32, doc: 'Channels of one block at most (compat).' },
      seed: { kind: 'integer', minimum: 0, maximum: 2 ** 32 - 1, default: 1, doc: 'Seed of the search for groups.' },
    },
  },
  async masks(layers, options, { work }) {
    const how = optionsOf(options);
    const masks = new Map<string, Mask>();
    const notes: Note[] = [];
    for (const [done, layer] of layers.entries()) {
      const { name } = layer.head;
      work.progress({ done, total: layers.length, label: name });
      if (layer.head.elements === 0) continue;
      if (layer.head.axes.groups > 1 || layer.head.role === 'depthwise-conv') {
        notes.push(noSharedInputs(name));
        continue;
      }
      const matrix = kernelMatrix(layer.head);
      const before = layer.mask === undefined ? await nonZeros(layer, work) : await maskBits(layer, layer.mask, work);
      const found = await regroupLayer(bitRowsOf(matrix, before), how, work);
      if (found.blocks.length === 0) notes.push(noBlock(name, how.rule.kind));
      if (found.blocks.length === 0 && how.rule.kind !== 'inference') continue;
      const blocks = found.blocks.length === 0 ? [wholeLayer(found)] : found.blocks;
      const { mask, nan } = await keepNan(layer, maskOfBlocks(matrix, blocks), work);
      masks.set(name, mask);
      if (nan > 0) notes.push(nanNote(name, nan));
      if (found.blocks.length > 0) notes.push(grouped(name, found));
      if (found.blocks.length > 0 && found.rowsLost > 0) notes.push(rowsLost(name, found.rowsLost));
    }
    return { ok: true, value: { masks, notes } };
  },
};

function optionsOf(options: Options): RegroupOptions {
  const given = (name: string): number | undefined => options[name] as number | undefined;
  const common = { imbalance: given('imbalance')!, seed: given('seed')! };
  const groups = given('groups');
  const rule: RegroupRule =
    options['mode'] === 'paper'
      ? {
          kind: 'paper',
          minRows: given('rows') ?? 8,
          minColumns: given('columns')!,
          share: given('share')!,
          repeat: options['repeat'] as boolean,
        }
      : {
          kind: options['mode'] === 'compat' ? 'training' : 'inference',
          t1: given('width')!,
          nn: given('tile')!,
          // The code wants more rows than its constant.
          b2: (given('rows') ?? 17) - 1,
        };
  return { ...common, rule, ...(groups === undefined ? {} : { groups }) };
}

const wholeLayer = ({ rows, columns }: RegroupedLayer): DenseBlock => ({
  rows: Uint32Array.from({ length: rows }, (_, row) => row),
  columns: Uint32Array.from({ length: columns }, (_, column) => column),
});

const percent = (part: number, whole: number): string => `${Math.round((100 * part) / Math.max(1, whole))} %`;

/** What people should know of each layer: what of the mask is in the blocks, how dense they make it, and what the search was worth. */
function grouped(name: string, { blocks, rows, columns, weights, captured, cells, inOrder }: RegroupedLayer): Note {
  const sizes = blocks.map((block) => block.rows.length);
  const [least, most] = [Math.min(...sizes), Math.max(...sizes)];
  const many = blocks.length === 1 ? '1 block' : `${blocks.length} blocks`;
  const density = (count: number): string => (count / (rows * columns)).toFixed(3);
  return {
    code: 'regroup/grouped',
    severity: 'information',
    message:
      `${name}: ${many} of ${least === most ? least : `${least} to ${most}`} channels. Density ${density(weights)} → ${density(cells)}; ` +
      `${percent(captured, weights)} of the weights that were left lie inside and fill ${percent(captured, cells)} of the blocks. ` +
      `Channels in file order: ${percent(inOrder.captured, weights)} at density ${density(inOrder.cells)}.`,
    tensor: name,
  };
}

const rowsLost = (name: string, count: number): Note => ({
  code: 'regroup/rows-lost',
  severity: 'warning',
  message: `${name}: ${count} ${count === 1 ? 'channel' : 'channels'} with weights ${count === 1 ? 'lies' : 'lie'} in no block and would be empty.`,
  tensor: name,
});

/** Columns of such a kernel matrix mean other inputs in every group. */
const noSharedInputs = (name: string): Note => ({
  code: 'regroup/no-shared-inputs',
  severity: 'warning',
  message: `${name} is left alone: it is a grouped convolution, whose channels do not share inputs.`,
  tensor: name,
});

const noBlock = (name: string, kind: RegroupRule['kind']): Note => ({
  code: 'regroup/no-block',
  severity: 'warning',
  message:
    kind === 'inference'
      ? `${name}: no group is large enough for a block; the whole layer becomes dense, as the released code reads it.`
      : `${name}: no group is large enough or shares enough columns for a block; the layer keeps its unstructured mask.`,
  tensor: name,
});
