import type { LayerChange } from '@espalier/protocol';

/** The layers that a step takes, the largest change first: by new zeros and weights that are gone, then by energy lost. */
export const byChange = (layers: readonly LayerChange[]): readonly LayerChange[] =>
  layers
    .filter(({ leftAlone }) => leftAlone === null)
    .toSorted((a, b) => changeOf(b) - changeOf(a) || lostOf(b) - lostOf(a));

const changeOf = ({ zeros, elements }: LayerChange): number =>
  Math.abs(zeros.after - zeros.before) + Math.abs(elements.before - elements.after);
const lostOf = ({ energyKept }: LayerChange): number => 1 - (energyKept ?? 1);
