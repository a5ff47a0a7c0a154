import type { Span, WireField, WireReader } from '../protobuf/index.js';
import { copyPiece, type Piece } from './pieces.js';

/** What stands in a field's place: nothing where the list is empty; null leaves the field as it is. */
export type Rewrite = (field: WireField) => Piece[] | null | Promise<Piece[] | null>;

/**
 * A message with some fields replaced; everything between them is copied byte for byte. null where no rewrite asked for anything. `first` and `last` are added before and
 * after all fields: what they hold may depend on the rewrites.
 */
export async function rewriteMessage(
  reader: WireReader,
  span: Span,
  rewrites: Readonly<Record<number, Rewrite>>,
  { first, last }: { readonly first?: () => Piece[]; readonly last?: () => Piece[] } = {},
): Promise<Piece[] | null> {
  const { source } = span;
  const pieces: Piece[] = [];
  let copied = span.begin;
  let changed = false;
  await reader.message(
    span,
    Object.fromEntries(
      Object.entries(rewrites).map(([number, rewrite]) => [
        number,
        (field: WireField) => {
          const put = (replaced: Piece[] | null): void => {
            if (replaced === null) return;
            changed = true;
            if (field.from > copied) pieces.push(copyPiece(source, copied, field.from));
            pieces.push(...replaced);
            copied = field.next;
          };
          const replaced = rewrite(field);
          return replaced instanceof Promise ? replaced.then(put) : put(replaced);
        },
      ]),
    ),
  );
  const before = first?.() ?? [];
  const after = last?.() ?? [];
  if (!changed && before.length === 0 && after.length === 0) return null;
  if (span.end > copied) pieces.push(copyPiece(source, copied, span.end));
  return [...before, ...pieces, ...after];
}
