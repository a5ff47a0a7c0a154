import { bytesText, exactCount, globMatcher, percentFigure } from '@espalier/base';
import type { TensorHead } from '@espalier/model';
import type { SizeOutlook, StepOutlook } from '../language/recipeOutlook.js';
import { escapeMarkdown } from './checkpointWords.js';

const SHOWN = 6;

/** `layer3.** · 6 of 41 tensors of resnet.safetensors, 57,600 elements`, and the first few of them. */
export function globMarkdown(glob: string, heads: readonly TensorHead[], file: string): string {
  const matches = globMatcher(glob);
  const found = heads.filter(({ name, layer }) => matches(name) || (layer !== '' && matches(layer)));
  const elements = found.reduce((sum, head) => sum + head.elements, 0);
  const of = `of ${heads.length} tensors of ${escapeMarkdown(file)}`;
  if (found.length === 0) return `\`${glob}\` · none ${of}`;
  return [
    `\`${glob}\` · ${found.length} ${of}, ${exactCount(elements)} elements`,
    '',
    ...found.slice(0, SHOWN).map(({ name }) => `- \`${name}\``),
    ...(found.length > SHOWN ? [`- … and ${found.length - SHOWN} more`] : []),
  ].join('\n');
}

/** What a step would do, from sizes alone: `Takes 20 of 21 weight tensors. 217,104 of 271,380 weights (80.0 %) would be zero.` */
export function stepMarkdown(outlook: StepOutlook): string {
  const { tensors, of, elements, zeros, names, sizes, allSizes } = outlook;
  if (tensors === 0) return 'Takes no weight of the checkpoint.';
  const which = names.map((name) => `\`${name}\``).join(', ');
  const rest = tensors > names.length ? `, and ${tensors - names.length} more` : '';
  if (sizes !== undefined && allSizes !== undefined) {
    const change = ({ before, after }: Omit<SizeOutlook, 'name'>): string =>
      `${bytesText(before)} → ${after === null ? 'what the budget gives it' : bytesText(after)}`;
    return [
      `Takes ${tensors} of ${of} weight tensors, ${exactCount(elements)} weights: ${change(allSizes)}.`,
      '',
      ...sizes.map((size) => `- \`${size.name}\` ${change(size)}`),
      ...(tensors > sizes.length ? [`- … and ${tensors - sizes.length} more`] : []),
    ].join('\n');
  }
  const counted =
    zeros === null
      ? `${exactCount(elements)} weights in all.`
      : `${exactCount(zeros)} of ${exactCount(elements)} weights (${percentFigure(zeros, elements)} %) would be zero.`;
  return `Takes ${tensors} of ${of} weight tensors: ${which}${rest}. ${counted}`;
}
