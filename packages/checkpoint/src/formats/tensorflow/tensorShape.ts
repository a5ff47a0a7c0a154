import { isLength } from '../../json.js';
import type { Span, WireReader } from '../../protobuf/index.js';
import type { KnownShape } from './nodeDef.js';

/** More axes than any operator takes (TensorFlow's own limit is 254). */
const MAX_RANK = 254;

/** TensorShapeProto: dim = 2 { size = 1 }, unknown_rank = 3. A size of −1 is unknown. */
export async function readShapeProto(reader: WireReader, span: Span): Promise<KnownShape> {
  const shape: (number | null)[] = [];
  let unknownRank = false;
  await reader.message(span, {
    2: async (field) => {
      let size = 0;
      await reader.message(field.span(), {
        1: (inner) => {
          size = inner.int();
        },
      });
      if (shape.length > MAX_RANK) field.malformed('A shape has too many axes');
      shape.push(isLength(size) ? size : null);
    },
    3: (field) => {
      unknownRank = field.bool();
    },
  });
  return unknownRank ? null : shape;
}
