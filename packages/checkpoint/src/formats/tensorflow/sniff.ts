/** Reads a varint; NaN when it is cut off. Returns the position behind it. */
function varint(bytes: Uint8Array, at: number): readonly [number, number] {
  let value = 0;
  for (let shift = 0; shift < 63; shift += 7) {
    const byte = bytes[at++];
    if (byte === undefined) break;
    value += (byte & 127) * 2 ** shift;
    if (byte < 128) return [value, at];
  }
  return [Number.NaN, at];
}

/** A GraphDef begins with a node, a node with its name and its operator. */
export function looksLikeGraphDef(head: Uint8Array): boolean {
  if (head[0] !== 0x0a) return false;
  const [length, begin] = varint(head, 1);
  if (!(length > 4) || head[begin] !== 0x0a) return false;
  const [nameLength, name] = varint(head, begin + 1);
  const at = name + nameLength;
  if (!(nameLength > 0 && at < begin + length) || head[at] !== 0x12) return false;
  const [opLength, op] = varint(head, at + 1);
  if (!(opLength > 0 && op + opLength <= Math.min(head.length, begin + length))) return false;
  const operator = String.fromCharCode(...head.subarray(op, op + opLength));
  return /^[A-Za-z_>][\w>]*$/.test(operator) && head.subarray(name, at).every((byte) => byte > 32 && byte !== 127);
}

/** A SavedModel begins with its schema version, 1, and a meta graph, which begins with a message. */
export function looksLikeSavedModel(head: Uint8Array): boolean {
  if (head[0] !== 0x08 || head[1] !== 1 || head[2] !== 0x12) return false;
  const [length, begin] = varint(head, 3);
  return length > 2 && [0x0a, 0x12, 0x1a, 0x22, 0x2a, 0x32, 0x3a].includes(head[begin] ?? 0);
}
