import type { TensorFacts } from '@espalier/analysis';
import { percentFigure } from '@espalier/base';

/** `2:4` where it holds everywhere, `2:4 98 %` where most groups fit; nothing for a dense or an empty layer. */
export function patternText({ head, stats }: TensorFacts): string {
  if (stats === undefined || stats.zeros === 0 || stats.zeros === head.elements) return '';
  let best: { share: number; text: string } | null = null;
  for (const pattern of ['1:4', '2:4', '4:8', '1:2'] as const) {
    for (const along of stats.patterns[pattern] ?? []) {
      if (along.strict) return pattern;
      const share = along.groups === 0 ? 0 : along.compliantGroups / along.groups;
      if (pattern === '2:4' && share >= 0.9 && share > (best?.share ?? 0))
        best = { share, text: `2:4 ${percentFigure(along.compliantGroups, along.groups)} %` };
    }
  }
  const blocks = stats.blocks['4x1'];
  if (best === null && blocks?.zerosInBlocks != null && blocks.zerosInBlocks >= 0.5) {
    return `4×1 ${percentFigure(Math.round(blocks.zerosInBlocks * stats.zeros), stats.zeros)} %`;
  }
  return best?.text ?? '';
}
