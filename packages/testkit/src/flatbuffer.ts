/** Something that a table or a vector of a flatbuffer refers to. */
export type FlatNode =
  | { readonly kind: 'table'; readonly fields: Readonly<Record<number, FlatField>> }
  | { readonly kind: 'bytes'; readonly count: number; readonly bytes: Uint8Array }
  | { readonly kind: 'nodes'; readonly nodes: readonly FlatNode[] };

/** A field of a table: a number of so many bytes, or a reference. */
export type FlatField = FlatNode | { readonly kind: 'number'; readonly width: 1 | 2 | 4 | 8; readonly value: number };

export const flatTable = (fields: Readonly<Record<number, FlatField>>): FlatNode => ({ kind: 'table', fields });
export const flatTables = (nodes: readonly FlatNode[]): FlatNode => ({ kind: 'nodes', nodes });
export const flatBytes = (bytes: Uint8Array, count = bytes.length): FlatNode => ({ kind: 'bytes', count, bytes });
export const flatText = (text: string): FlatNode => flatBytes(new TextEncoder().encode(text));
export const flatInts = (values: readonly number[]): FlatNode =>
  flatBytes(new Uint8Array(Int32Array.from(values).buffer), values.length);
export const flatLongs = (values: readonly number[]): FlatNode =>
  flatBytes(new Uint8Array(BigInt64Array.from(values, BigInt).buffer), values.length);
export const flatFloats = (values: readonly number[]): FlatNode =>
  flatBytes(new Uint8Array(Float32Array.from(values).buffer), values.length);
export const flatNumber = (width: 1 | 2 | 4 | 8, value: number): FlatField => ({ kind: 'number', width, value });

/** A flatbuffer with this root, laid out front to back (FlatBuffers, "Internals"), for tests: each node after the one that refers to it. */
export function writeFlatbuffer(root: FlatNode, identifier = ''): Uint8Array {
  let bytes = new Uint8Array(1024);
  let view = new DataView(bytes.buffer);
  let end = 8;
  const reserve = (length: number, align: number): number => {
    const begin = Math.ceil(end / align) * align;
    end = begin + length;
    if (end > bytes.length) {
      const larger = new Uint8Array(2 * end);
      larger.set(bytes);
      bytes = larger;
      view = new DataView(bytes.buffer);
    }
    return begin;
  };
  const refer = (at: number, node: FlatNode): void => {
    queue.push([at, node]);
  };
  const placed = new Map<FlatNode, number>();
  const queue: [number, FlatNode][] = [[0, root]];
  bytes.set(new TextEncoder().encode(identifier).subarray(0, 4), 4);
  for (const [from, node] of queue) {
    // References only point forward; a node that was placed behind this one is shared.
    const shared = placed.get(node);
    const at = shared !== undefined && shared > from ? shared : place(node);
    placed.set(node, at);
    view.setUint32(from, at - from, true);
  }
  return bytes.slice(0, end);

  function place(node: FlatNode): number {
    if (node.kind === 'bytes') {
      const at = reserve(4 + node.bytes.length + 1, 8);
      view.setUint32(at, node.count, true);
      bytes.set(node.bytes, at + 4);
      return at;
    }
    if (node.kind === 'nodes') {
      const at = reserve(4 + 4 * node.nodes.length, 4);
      view.setUint32(at, node.nodes.length, true);
      for (const [index, child] of node.nodes.entries()) refer(at + 4 + 4 * index, child);
      return at;
    }
    const indices = Object.keys(node.fields).map(Number);
    const slots = Math.max(-1, ...indices) + 1;
    const vtable = reserve(4 + 2 * slots, 2);
    let length = 4;
    const offsets = indices.map((index) => {
      const field = node.fields[index]!;
      const width = field.kind === 'number' ? field.width : 4;
      const offset = Math.ceil(length / width) * width;
      length = offset + width;
      return offset;
    });
    const at = reserve(length, 8);
    view.setUint16(vtable, 4 + 2 * slots, true);
    view.setUint16(vtable + 2, length, true);
    view.setInt32(at, at - vtable, true);
    for (const [position, index] of indices.entries()) {
      const field = node.fields[index]!;
      const offset = offsets[position]!;
      view.setUint16(vtable + 4 + 2 * index, offset, true);
      if (field.kind !== 'number') refer(at + offset, field);
      else if (field.width === 1) view.setInt8(at + offset, field.value);
      else if (field.width === 2) view.setInt16(at + offset, field.value, true);
      else if (field.width === 4) view.setInt32(at + offset, field.value, true);
      else view.setBigUint64(at + offset, BigInt(field.value), true);
    }
    return at;
  }
}
