/** A value of the metadata: its type by number, and the value; lists as `[type of the elements, elements]`. */
export type GgufValue =
  | readonly [type: 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 12, value: number]
  | readonly [type: 8, value: string]
  | readonly [type: 10 | 11, value: bigint]
  | readonly [type: 9, value: readonly [type: number, values: readonly (number | string | bigint)[]]];

export interface GgufFile {
  readonly version: 1 | 2 | 3;
  readonly metadata: readonly (readonly [key: string, value: GgufValue])[];
  /** Sizes innermost first, as the file has them. */
  readonly tensors: readonly {
    readonly name: string;
    readonly ne: readonly number[];
    readonly type: number;
    readonly bytes: Uint8Array;
  }[];
  readonly alignment?: number;
}

/** A little-endian GGUF file as the specification lays it out (ggml, docs/gguf.md), for tests. */
export function writeGguf({ version, metadata, tensors, alignment = 32 }: GgufFile): Uint8Array {
  const parts: number[] = [];
  const put = (width: number, set: (view: DataView) => void): void => {
    const view = new DataView(new ArrayBuffer(width));
    set(view);
    parts.push(...new Uint8Array(view.buffer));
  };
  const u32 = (value: number): void => put(4, (view) => view.setUint32(0, value, true));
  const u64 = (value: number | bigint): void => put(8, (view) => view.setBigUint64(0, BigInt(value), true));
  const size = version === 1 ? u32 : u64;
  const text = (value: string): void => {
    const bytes = new TextEncoder().encode(value);
    size(bytes.length);
    for (const byte of bytes) parts.push(byte);
  };
  const scalar = (type: number, value: number | string | bigint): void => {
    if (type === 8) text(value as string);
    else if (type === 10) u64(value as bigint);
    else if (type === 11) put(8, (view) => view.setBigInt64(0, value as bigint, true));
    else {
      const number = value as number;
      if (type === 0 || type === 1 || type === 7) put(1, (view) => view.setUint8(0, number & 255));
      else if (type === 2 || type === 3) put(2, (view) => view.setUint16(0, number & 65_535, true));
      else if (type === 4) u32(number);
      else if (type === 5) put(4, (view) => view.setInt32(0, number, true));
      else if (type === 6) put(4, (view) => view.setFloat32(0, number, true));
      else put(8, (view) => view.setFloat64(0, number, true));
    }
  };
  for (const character of 'GGUF') parts.push(character.charCodeAt(0));
  u32(version);
  size(tensors.length);
  size(metadata.length);
  for (const [key, [type, value]] of metadata) {
    text(key);
    u32(type);
    if (type !== 9) scalar(type, value);
    else {
      u32(value[0]);
      size(value[1].length);
      for (const element of value[1]) scalar(value[0], element);
    }
  }
  let offset = 0;
  for (const tensor of tensors) {
    text(tensor.name);
    u32(tensor.ne.length);
    for (const length of tensor.ne) size(length);
    u32(tensor.type);
    u64(offset);
    offset += Math.ceil(tensor.bytes.length / alignment) * alignment;
  }
  while (parts.length % alignment !== 0) parts.push(0);
  for (const { bytes } of tensors) {
    for (const byte of bytes) parts.push(byte);
    while (parts.length % alignment !== 0) parts.push(0);
  }
  return Uint8Array.from(parts);
}
