/** A value of a field: integers as varints, texts and bytes (and messages) with their length, `float` and `double` as fixed bytes, `packed` as one list of varints. */
export type ProtoValue =
  | number
  | bigint
  | string
  | Uint8Array
  | { readonly float: number }
  | { readonly double: number }
  | { readonly packed: readonly number[] };

/** A protobuf message from its fields, in the order in which they are given (protobuf.dev, "Encoding"), for tests. */
export function protoMessage(...fields: readonly (readonly [number: number, value: ProtoValue])[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const [number, value] of fields) {
    if (typeof value === 'number' || typeof value === 'bigint') parts.push(tag(number, 0), varint(BigInt(value)));
    else if (typeof value === 'object' && 'float' in value)
      parts.push(tag(number, 5), new Uint8Array(Float32Array.of(value.float).buffer));
    else if (typeof value === 'object' && 'double' in value)
      parts.push(tag(number, 1), new Uint8Array(Float64Array.of(value.double).buffer));
    else {
      const payload =
        typeof value === 'string'
          ? new TextEncoder().encode(value)
          : value instanceof Uint8Array
            ? value
            : join(value.packed.map((one) => varint(BigInt(one))));
      parts.push(tag(number, 2), varint(BigInt(payload.length)), payload);
    }
  }
  return join(parts);
}

const tag = (number: number, wire: number): Uint8Array => varint(BigInt(number * 8 + wire));

function varint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, value);
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
