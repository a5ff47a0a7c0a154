import type { MethodDescription } from '@espalier/base';

/** Channels that are taken out of the model, with everything that depends on them. */
export const removal: MethodDescription = {
  verb: 'structure',
  name: 'remove',
  summary: 'Take channels out of the model, with everything that depends on them: shapes get smaller.',
  source:
    'Fang et al., "DepGraph: Towards Any Structural Pruning", CVPR 2023 (arXiv 2301.12900), §3.2, for dependency groups',
  parameters: {
    criterion: {
      kind: 'oneOf',
      default: 'zero',
      doc: 'Which channels go.',
      values: [
        {
          value: 'zero',
          doc: 'Those without weights. What they give all the same becomes an offset of what reads them: the model gives what it gave.',
        },
        { value: 'l1', doc: 'Those whose weights have the smallest sum of magnitudes.' },
        { value: 'l2', doc: 'Those whose weights have the smallest sum of squares.' },
      ],
    },
    sparsity: { kind: 'ratio', default: 0.5, doc: 'Share of the channels of each group that go (l1, l2).' },
    multiple: {
      kind: 'integer',
      minimum: 1,
      maximum: 1024,
      default: 1,
      doc: 'What stays of a group is rounded up to a multiple of this: many devices compute in eights.',
    },
  },
};
