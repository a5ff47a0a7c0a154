/** Fields of ModelProto: number to wire type. */
const FIELDS: ReadonlyMap<number, number> = new Map([
  [1, 0],
  [2, 2],
  [3, 2],
  [4, 2],
  [5, 0],
  [6, 2],
  [7, 2],
  [8, 2],
  [14, 2],
  [20, 2],
  [25, 2],
  [26, 2],
]);
const TEXTS = new Set([2, 3, 4, 6]);

/**
 * True when the first bytes can only be a ModelProto. Protobuf has no magic number, so fields are followed to the graph or the list of operator
 * sets: an IR version below 100 first (writers keep the order of the fields), producer and domain printable. TensorFlow's SavedModel also begins with a small number, but its second
 * field is a message and begins with a control character.
 */
export function looksLikeOnnx(head: Uint8Array): boolean {
  let at = 0;
  let sawVersion = false;
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 64 && at < head.length; shift += 7) {
      const byte = head[at++]!;
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
    return Number.NaN;
  };
  while (at < head.length) {
    const tag = varint();
    const number = Math.floor(tag / 8);
    const wire = FIELDS.get(number);
    if (wire === undefined || wire !== tag % 8) return false;
    if (number === 7 || number === 8) return sawVersion;
    const value = varint();
    if (Number.isNaN(value)) return false;
    if (number === 1) {
      if (value < 1 || value >= 100) return false;
      sawVersion = true;
    }
    if (wire === 0) continue;
    if (TEXTS.has(number) && !printable(head.subarray(at, at + value), number === 6)) return false;
    at += value;
  }
  return false;
}

function printable(bytes: Uint8Array, anyControl: boolean): boolean {
  return anyControl || bytes.every((byte) => byte >= 32 && byte !== 127);
}
