import { type Document, isCollection, visit } from 'yaml';
import { type Place, placeOf } from './place.js';

export interface Fold extends Place {
  readonly kind: 'region' | 'comment';
}

/** What may be folded: values over several lines, each from the line of its key, and runs of comments. */
export function yamlFolds({ document, text }: { readonly document: Document; readonly text: string }): Fold[] {
  const folds: Fold[] = [];
  const add = (from: number, to: number): void => {
    const isKnown = folds.some((fold) => fold.from === from && fold.to === to);
    if (!isKnown && text.slice(from, to).includes('\n')) folds.push({ kind: 'region', from, to });
  };
  visit(document, {
    Pair(_, { key, value }) {
      if (value !== null && value !== undefined) add(placeOf(key, text)[0], placeOf(value, text)[1]);
    },
    Seq(_, { items }) {
      for (const item of items) if (isCollection(item)) add(...placeOf(item, text));
    },
  });
  for (const { index, 0: run } of text.matchAll(/^[ \t]*#.*(?:\r?\n[ \t]*#.*)+/gm))
    folds.push({ kind: 'comment', from: index, to: index + run.length });
  return folds;
}
